import { button, make, on } from "../shared/dom";
import { KINDS, type Rows } from "./rows";

/** What the reader asks for with the toolbar. */
export interface Wishes {
  find(query: string): void;
  step(by: 1 | -1): void;
  choose(kinds: ReadonlySet<string>, tool: string): void;
  fold(open: boolean): void;
  keys(): void;
}

/** The line above the items: find, kinds, tools, folds. */
export class Toolbar {
  readonly element = make("div", "dari-tools", { role: "toolbar", "aria-label": "Transcript" });
  readonly field = make("input", "", {
    type: "search",
    placeholder: "Find",
    "aria-label": "Find in the transcript",
  });
  readonly #found = make("span", "dari-count");
  readonly #tool = make("select", "", { "aria-label": "Tool" });
  readonly #kinds = new Map<string, HTMLButtonElement>();
  readonly #steps: HTMLButtonElement[];
  readonly #chosen = new Set<string>();

  constructor(wishes: Wishes, signal: AbortSignal) {
    const choose = () => wishes.choose(new Set(this.#chosen), this.#tool.value);
    on(this.field, "input", () => wishes.find(this.field.value), signal);
    on(this.field, "keydown", (event) => this.#typed(event, wishes), signal);
    on(this.#tool, "change", choose, signal);
    this.#steps = [
      button("‹", () => wishes.step(-1), signal, { "aria-label": "Previous match" }),
      button("›", () => wishes.step(1), signal, { "aria-label": "Next match" }),
    ];
    for (const kind of Object.keys(KINDS)) {
      const toggle = button(kind, () => this.#toggle(kind, choose), signal, {
        "aria-pressed": "false",
      });
      this.#kinds.set(kind, toggle);
    }
    const folds = [
      button("open all", () => wishes.fold(true), signal),
      button("close all", () => wishes.fold(false), signal),
      button("?", () => wishes.keys(), signal, { "aria-label": "Keys" }),
    ];
    this.element.append(
      make("span", "dari-find", {}, this.field, ...this.#steps, this.#found),
      make("span", "dari-kinds", {}, ...this.#kinds.values(), this.#tool),
      make("span", "", {}, ...folds),
    );
    this.found("", 0);
  }

  /** Says how much there is of each kind. */
  show(rows: Rows): void {
    for (const [kind, toggle] of this.#kinds) {
      const count = rows.count(kind);
      toggle.textContent = `${kind} ${count}`;
      toggle.hidden = count === 0 && !this.#chosen.has(kind);
    }
    const chosen = this.#tool.value;
    const tools = [...new Set(["", ...rows.tools, chosen])];
    this.#tool.hidden = tools.length < 3;
    if (tools.join() === [...this.#tool.options].map(({ value }) => value).join()) return;
    const options = tools.map((tool) => make("option", "", { value: tool }, tool || "any tool"));
    this.#tool.replaceChildren(...options);
    this.#tool.value = chosen;
  }

  /** Says what was found. */
  found(words: string, count: number): void {
    this.#found.textContent = words;
    for (const step of this.#steps) step.hidden = count === 0;
  }

  #toggle(kind: string, choose: () => void): void {
    const on = !this.#chosen.delete(kind);
    if (on) this.#chosen.add(kind);
    this.#kinds.get(kind)?.setAttribute("aria-pressed", String(on));
    choose();
  }

  #typed(event: KeyboardEvent, wishes: Wishes): void {
    if (event.key !== "Enter") return;
    event.preventDefault();
    wishes.step(event.shiftKey ? -1 : 1);
  }
}
