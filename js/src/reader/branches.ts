import type { Port } from "../host/port";
import { button, focused, focusOn, make, onEscape } from "../shared/dom";
import { topOf } from "../shared/scrolling";
import { SENDS, sendsWith } from "../shared/sending";
import type { Again, Row, State, Step } from "./wire";

const NONE = "There is no other branch.";

/** What a reader does for its branches. */
export interface Around {
  /** Goes to a turn that has just come; `by` says which control had the focus, 0 none. */
  went(turn: string, by: number, top: number): void;
  say(words: string): void;
}

/** Other messages that were asked in the place of one, and asking another one there. */
export class Branches {
  readonly #port: Port<State>;
  readonly #on: Around;
  readonly #signal: AbortSignal;
  /** What was written and not asked yet, by item: rows that go out of sight are taken away. */
  readonly #texts = new Map<string, string>();
  #busy = false;
  /** Steps that were wished for while one was on its way. */
  #wished = 0;

  constructor(port: Port<State>, around: Around, signal: AbortSignal) {
    this.#port = port;
    this.#on = around;
    this.#signal = signal;
  }

  /** Puts the switch between branches into a message's line, and what was being written below it. */
  draw(element: HTMLElement, row: Row): void {
    if (row.kind !== "user") return;
    const branch = this.#of(row);
    const header = element.querySelector(".dari-user > header");
    const before = element.querySelector(".dari-branch");
    const name = branch && `Branch ${branch.place} of ${branch.count}`;
    const isThere = before?.getAttribute("aria-label") === name;
    if (!isThere) before?.remove();
    if (branch && header && !isThere) {
      const { place, count } = branch;
      const step = (by: 1 | -1, sign: string, label: string) => {
        const attributes = { "aria-label": label, "data-by": `${by}` };
        const pressed = () => this.step(element, row, by).catch((e) => this.#on.say(e.message));
        return button(sign, pressed, this.#signal, attributes);
      };
      const attributes = { role: "group", "aria-label": name as string };
      const parts = [step(-1, "‹", "earlier"), `${place} / ${count}`, step(1, "›", "later")];
      const group = make("span", "dari-branch", attributes, ...parts);
      header.insertBefore(group, header.querySelector("time"));
    }
    if (this.#texts.has(row.id) && !element.querySelector(".dari-edit")) this.#open(element, row);
  }

  /** What can be done with a row, beside what can be done with all. */
  entries(element: HTMLElement, row: Row): [string, () => Promise<void>][] {
    if (row.kind !== "user") return [];
    const entries: [string, () => Promise<void>][] = [];
    if (this.#port.get("can_fork"))
      entries.push(["Edit and ask again", () => this.edit(element, row)]);
    if (this.#of(row)) entries.push(["Compare branches", () => this.compare(element, row)]);
    return entries;
  }

  /** Shows the branch before or after; behind the last one comes the first. */
  async step(element: HTMLElement, row: Row, by: 1 | -1): Promise<void> {
    if (!this.#of(row)) this.#on.say(NONE);
    else if (this.#busy) this.#wished += by;
    else await this.#go(element, "branch", { turn: row.turn, by } satisfies Step, by);
  }

  /** Shows the branches side by side below a message, or hides them again. */
  async compare(element: HTMLElement, row: Row): Promise<void> {
    const shown = element.querySelector(":scope > .dari-wide");
    shown?.remove();
    focusOn(element);
    if (shown) return;
    if (!this.#of(row)) return this.#on.say(NONE);
    const body = { turn: row.turn, by: 0 } satisfies Step;
    const { body: html } = await this.#port.ask<string>("compare", body);
    const attributes = { role: "region", tabindex: "0", "aria-label": "Branches" };
    const box = make("div", "dari-wide dari-work", attributes);
    box.innerHTML = html;
    onEscape(box, () => {
      box.remove();
      focusOn(element);
    });
    element.append(box);
    focusOn(box);
  }

  /** Opens a place to write another message in the place of this one. */
  async edit(element: HTMLElement, row: Row): Promise<void> {
    if (row.kind !== "user" || !this.#port.get("can_fork")) {
      this.#on.say("It cannot be asked.");
      return;
    }
    if (!this.#texts.has(row.id)) {
      const { body } = await this.#port.ask<string>("prompt", {
        turn: row.turn,
        text: "",
      } satisfies Again);
      this.#texts.set(row.id, body);
    }
    if (!element.querySelector(".dari-edit")) this.#open(element, row);
    element.querySelector<HTMLTextAreaElement>(".dari-edit textarea")?.focus();
  }

  #open(element: HTMLElement, row: Row): void {
    const field = make("textarea", "", { rows: "2", "aria-label": "Ask instead" });
    field.value = this.#texts.get(row.id) ?? "";
    const note = make("span", "dari-note", { role: "status" });
    const close = () => {
      this.#texts.delete(row.id);
      form.remove();
      focusOn(element);
    };
    const ask = () => void this.#ask(element, row, field.value, note);
    const line = make("div", "dari-line", {}, note, make("small", "", {}, `${SENDS} asks`));
    const main = { class: "dari-main", title: SENDS };
    line.append(
      button("Cancel", close, this.#signal),
      button("Ask again", ask, this.#signal, main),
    );
    const form = make("form", "dari-composer dari-edit", {}, field, line);
    field.addEventListener("input", () => this.#texts.set(row.id, field.value));
    sendsWith(field, ask);
    onEscape(form, close);
    element.append(form);
  }

  async #ask(element: HTMLElement, row: Row, text: string, note: HTMLElement): Promise<void> {
    note.textContent = "asking …";
    try {
      await this.#go(element, "again", { turn: row.turn, text } satisfies Again);
      this.#texts.delete(row.id);
    } catch (error) {
      note.textContent = (error as Error).message;
    }
  }

  /** Asks the kernel to show another branch, one step after the other, and goes there. */
  async #go(element: HTMLElement, what: string, body: Step | Again, by = 0): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const log = element.closest(".dari-log") as HTMLElement;
    const top = topOf(element) - topOf(log);
    const hasFocus = element.querySelector(".dari-branch")?.contains(focused(element));
    try {
      let { body: turn } = await this.#port.ask<string>(what, body);
      while (this.#wished !== 0) {
        const step = Math.sign(this.#wished) as Step["by"];
        this.#wished -= step;
        ({ body: turn } = await this.#port.ask<string>("branch", { turn, by: step }));
      }
      this.#on.went(turn, hasFocus ? by : 0, top);
      const branch = this.#of({ turn });
      if (branch) this.#on.say(`Branch ${branch.place} of ${branch.count}.`);
    } finally {
      this.#busy = false;
      this.#wished = 0;
    }
  }

  #of(row: { turn: string }) {
    return this.#port.get("branches")?.find(({ turn }) => turn === row.turn);
  }
}
