import { stateWord } from "../live/state_bar";
import { make } from "../shared/dom";
import { first, type Known, type Line, metadataText } from "./sift";
import { when } from "./when";
import type { Row } from "./wire";

/** What the table shows. */
export interface Shown {
  lines: Line[];
  known: Known;
  selection: ReadonlySet<string>;
  /** The session that is open. */
  opened: string;
  /** The runs whose sessions are shown. */
  unfolded: ReadonlySet<string>;
  /** How many sessions each run has, shown or not. */
  sizes: ReadonlyMap<string, number>;
}

/** A line as it is drawn: its elements stay whatever comes, so that a press ends where it began. */
export class Drawn {
  readonly element: HTMLElement;
  readonly #box: HTMLInputElement;
  readonly #name = make("button", "", { type: "button", tabindex: "-1" });
  readonly #about = make("small", "");
  readonly #agent = make("span", "");
  readonly #llms = make("small", "");
  readonly #turns = make("td", "");
  readonly #when = make("td", "");
  readonly #cost = make("td", "");

  constructor(key: string) {
    const label = `Select ${key}`;
    this.#box = make("input", "", { type: "checkbox", tabindex: "-1", "aria-label": label });
    this.element = make(
      "tr",
      "",
      { "data-id": key, tabindex: "-1" },
      make("td", "", {}, this.#box),
      make("td", "", {}, this.#name, this.#about),
      make("td", "", {}, this.#agent, this.#llms),
      this.#turns,
      this.#when,
      this.#cost,
    );
  }

  show(line: Line, shown: Shown): void {
    const { key, rows } = line;
    const asked = first(line);
    const summary = shown.known.summaries.get(asked.id);
    const selected = rows.filter((row) => shown.selection.has(row.id)).length;
    this.#box.checked = selected === rows.length;
    this.#box.indeterminate = selected > 0 && !this.#box.checked;
    const [element, run] = [this.element, line.run];
    element.classList.toggle("dari-inner", !run && asked.run !== "");
    element.setAttribute("aria-selected", String(this.#box.checked));
    mark(element, "aria-current", key === shown.opened && "true");
    mark(element, "aria-expanded", run !== "" && String(shown.unfolded.has(key)));
    const [short, exact] = when(rows[0]?.created ?? "");
    const llms = new Set(rows.map(({ llm }) => llm).filter(Boolean));
    this.#name.title = summary?.words ?? "";
    put(this.#name, summary ? saying(summary.words, summary.turns) : "…");
    put(this.#about, ...between(about(line, shown)));
    put(this.#agent, asked.agent);
    put(this.#llms, [...llms].reverse().join(", "));
    this.#turns.dataset.unit = summary?.turns === 1 ? "turn" : "turns";
    put(this.#turns, String(summary?.turns ?? ""));
    this.#when.title = exact;
    put(this.#when, short);
    put(this.#cost, cost(line, shown));
  }
}

/** Writes into an element what is not there yet. */
function put(element: HTMLElement, ...parts: (Node | string)[]): void {
  const next = element.cloneNode() as HTMLElement;
  next.append(...parts);
  if (!next.isEqualNode(element)) element.replaceChildren(...parts);
}

function mark(element: HTMLElement, name: string, value: string | false): void {
  if (value) element.setAttribute(name, value);
  else element.removeAttribute(name);
}

/** What a line cost; unknown for a run of which only some sessions are shown. */
function cost({ key, run, rows }: Line, { known, sizes }: Shown): string {
  const isWhole = !run || rows.length === sizes.get(key);
  return (isWhole && known.costs.get(key)) || "—";
}

/** What was asked first, in the words of the kernel's tables where there are none. */
function saying(words: string | null, turns: number | null): string {
  if (words === null) return "—";
  return words.trim() || (turns ? "(no text)" : "(nothing sent yet)");
}

/** What stands below the first message: the run with its size; or the state if it is not done, name and metadata. */
function about(line: Line, shown: Shown): (Node | string)[] {
  if (line.run) {
    const all = shown.sizes.get(line.key) ?? line.rows.length;
    const some = line.rows.length < all ? `${line.rows.length} of ` : "";
    return [`run “${line.run}”, ${some}${all} session${all === 1 ? "" : "s"}`];
  }
  const row = line.rows[0] as Row;
  const isPlain = ["", "completed", "idle"].includes(row.status);
  const attributes = { "data-state": row.status };
  const state = isPlain ? "" : make("span", "dari-state", attributes, stateWord(row.status));
  return [state, row.name, metadataText(row)];
}

/** What is told of something, with a point between. */
function between(parts: (Node | string)[]): (Node | string)[] {
  const told = parts.filter((part) => part !== "");
  return told.flatMap((part, place) => (place > 0 ? [" · ", part] : [part]));
}
