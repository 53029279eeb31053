import { stateWord } from "../live/state_bar";
import { button, make, on } from "../shared/dom";
import { scrollWithin } from "../shared/scrolling";
import {
  COLUMNS,
  type Column,
  first,
  type Known,
  type Line,
  metadataText,
  type Order,
} from "./sift";
import { when } from "./when";
import type { Row } from "./wire";

/** What the table tells of the reader. */
export interface Wishes {
  sort(column: Column): void;
  toggle(key: string, range: boolean): void;
  /** Opens a session, or the sessions of a run below its line. */
  open(key: string): void;
}

/** What the table shows. */
export interface Shown {
  lines: Line[];
  order: Order;
  known: Known;
  chosen: ReadonlySet<string>;
  /** The session that is open. */
  opened: string;
  /** The runs whose sessions are shown. */
  unfolded: ReadonlySet<string>;
  /** How many sessions each run has, shown or not. */
  sizes: ReadonlyMap<string, number>;
}

/** The table itself: a row for each line, one of which can be reached by Tab. */
export class Table {
  readonly element = make("table", "", { "aria-multiselectable": "true", role: "treegrid" });
  readonly #body = make("tbody", "");
  readonly #heads = new Map<Column, HTMLElement>();
  readonly #wishes: Wishes;
  #here = "";

  constructor(wishes: Wishes, signal: AbortSignal) {
    this.#wishes = wishes;
    const line = make(
      "tr",
      "",
      {},
      make("th", "", { scope: "col" }, make("span", "dari-spoken", {}, "Choose")),
    );
    for (const column of COLUMNS) {
      const head = make("th", "", { scope: "col" });
      head.append(button(column, () => wishes.sort(column), signal));
      this.#heads.set(column, head);
      line.append(head);
    }
    this.element.append(make("thead", "", {}, line), this.#body);
    on(this.#body, "click", (event) => this.#clicked(event), signal);
    on(this.#body, "focusin", (event) => this.#focused(event), signal);
  }

  show(shown: Shown): void {
    for (const [column, head] of this.#heads) {
      const direction = shown.order.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", column === shown.order.column ? direction : "none");
    }
    const rows = shown.lines.flatMap((line) => this.#rows(line, shown));
    const hadFocus = this.#body.contains(document.activeElement);
    this.#body.replaceChildren(...rows);
    const here = rows.find((row) => row.dataset.id === this.#here) ?? rows[0];
    if (!here) return;
    this.#here = here.dataset.id ?? "";
    here.tabIndex = 0;
    if (hadFocus) here.focus({ preventScroll: true });
  }

  /** Scrolls the box of the table, and nothing around it, until a row is in sight. */
  reveal(id: string): void {
    const rows = [...this.#body.children] as HTMLElement[];
    const row = rows.find((row) => row.dataset.id === id);
    scrollWithin(this.element.parentElement, row, this.element.tHead?.offsetHeight);
  }

  get here(): string {
    return this.#here;
  }

  /** Moves the focus by rows, as far as there are any. */
  move(by: number): void {
    const rows = [...this.#body.children] as HTMLElement[];
    const from = rows.findIndex((row) => row.dataset.id === this.#here);
    rows[Math.max(0, Math.min(rows.length - 1, from + by))]?.focus();
  }

  #rows(line: Line, shown: Shown): HTMLElement[] {
    const head = this.#row(line, shown);
    if (!line.run || !shown.unfolded.has(line.key)) return [head];
    const inner = line.rows.map((row) => this.#row({ key: row.id, rows: [row], run: "" }, shown));
    for (const row of inner) row.className = "dari-inner";
    return [head, ...inner];
  }

  #row(line: Line, shown: Shown): HTMLElement {
    const { key, rows } = line;
    const asked = first(line);
    const gist = shown.known.gists.get(asked.id);
    const chosen = rows.filter((row) => shown.chosen.has(row.id)).length;
    const box = make("input", "", {
      type: "checkbox",
      tabindex: "-1",
      "aria-label": `Choose ${key}`,
    });
    box.checked = chosen === rows.length;
    box.indeterminate = chosen > 0 && !box.checked;
    const words = gist ? saying(gist.words, gist.turns) : "…";
    const title = gist?.words ?? "";
    const name = make("button", "", { type: "button", tabindex: "-1", title }, words);
    const llms = new Set(rows.map(({ llm }) => llm).filter(Boolean));
    const turns = gist?.turns ?? "";
    const [short, exact] = when(rows[0]?.created ?? "");
    const attributes: Record<string, string> = {
      "data-id": key,
      tabindex: "-1",
      "aria-selected": String(box.checked),
    };
    if (key === shown.opened) attributes["aria-current"] = "true";
    if (line.run) attributes["aria-expanded"] = String(shown.unfolded.has(key));
    return make(
      "tr",
      "",
      attributes,
      make("td", "", {}, box),
      make("td", "", {}, name, below(about(line, shown))),
      make("td", "", {}, asked.agent, below([[...llms].reverse().join(", ")])),
      make("td", "", { "data-unit": turns === 1 ? "turn" : "turns" }, String(turns)),
      make("td", "", { title: exact }, short),
      make("td", "", {}, cost(line, shown)),
    );
  }

  /** A row opens wherever it is clicked, but for the cell with the box, which chooses. */
  #clicked(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const key = target.closest<HTMLElement>("tr")?.dataset.id;
    if (!key) return;
    if (target.closest("td:first-child")) this.#wishes.toggle(key, event.shiftKey);
    else this.#wishes.open(key);
  }

  #focused(event: FocusEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>("tr");
    for (const other of this.#body.querySelectorAll<HTMLElement>("tr[tabindex='0']"))
      other.tabIndex = -1;
    if (!row) return;
    row.tabIndex = 0;
    this.#here = row.dataset.id ?? "";
  }
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

function below(parts: (Node | string)[]): Node {
  const told = parts.filter((part) => part !== "");
  const small = make("small", "");
  for (const [place, part] of told.entries()) small.append(place > 0 ? " · " : "", part);
  return told.length > 0 ? small : document.createTextNode("");
}
