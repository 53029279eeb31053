import { isChord, runsCell } from "../host/border";
import type { Component, Port } from "../host/port";
import { Pane } from "../matrix/pane";
import { find, put } from "../matrix/parts";
import { on } from "../shared/dom";
import { reveal, topOf } from "../shared/scrolling";
import type { Chosen, State } from "./wire";

const SKELETON = `<div class="dari-split dari-fills"><div class="dari-side"></div>
<aside class="dari-pane" aria-label="Opened" hidden>
<div class="dari-tools"><header></header><span class="dari-repeats" hidden></span>
<button type="button" name="close" title="Escape">Close</button></div>
<p class="dari-more"></p><div class="dari-log" role="region" tabindex="0"></div></aside></div>`;
const CALLS = "[name=call]";
const STEPS: Record<string, [down: number, right: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Several runs side by side; each run and each call opens the transcript. */
export const trajectories: Component<State> = (port) => (el, signal) =>
  void new TrajectoriesView(el, port, signal);

class TrajectoriesView {
  readonly #root: HTMLElement;
  readonly #port: Port<State>;
  readonly #table: HTMLElement;
  readonly #pane: Pane;
  #opened = "";

  constructor(root: HTMLElement, port: Port<State>, signal: AbortSignal) {
    root.classList.add("dari", "dari-view", "dari-trajectories");
    root.innerHTML = SKELETON;
    this.#root = root;
    this.#port = port;
    this.#table = find(root, ".dari-side");
    this.#pane = new Pane(find(root, ".dari-pane"), signal);
    on(root, "click", (event) => this.#clicked(event), signal);
    on(root, "keydown", (event) => this.#pressed(event), signal);
    on(root, "focusin", ({ target }) => this.#enter(target as Element), signal);
    port.watch(["html", "active"], () => this.#show(), signal);
    this.#show();
  }

  #show(): void {
    put(this.#table, this.#port.get("html"));
    if (!this.#table.querySelector(`${CALLS}[tabindex="0"]`))
      this.#table.querySelector(CALLS)?.setAttribute("tabindex", "0");
    const active = this.#port.get("active");
    if (active === this.#opened) return;
    if (active) this.#open(active);
    else this.#close();
  }

  #open(active: string): void {
    const [run, call] = active.split(":").map(Number);
    const isThere = this.#opened.split(":")[0] === String(run);
    this.#opened = active;
    this.#mark();
    if (isThere) {
      this.#goTo(call);
      return;
    }
    this.#root.dataset.open = "";
    this.#pane.open(`Run ${run}`, () => reveal(this.#pane.element));
    const question = { run: run as number } satisfies Chosen;
    const ask = () => this.#port.ask<string>("open", question);
    void this.#pane.ask(ask, (html) => {
      this.#pane.compare(html);
      this.#goTo(Number(this.#opened.split(":")[1]));
    });
  }

  /** Brings a call of the transcript into sight; without one its beginning. */
  #goTo(place: number | undefined): void {
    const pane = this.#pane.element;
    const calls = pane.querySelectorAll<HTMLDetailsElement>("details.dari-call");
    const call = calls[place ?? -1];
    for (const other of calls) other.removeAttribute("aria-current");
    if (!call) {
      pane.scrollTop = 0;
      return;
    }
    for (let box: Element | null = call; box && box !== pane; box = box.parentElement)
      if (box instanceof HTMLDetailsElement) box.open = true;
    call.setAttribute("aria-current", "true");
    const room = pane.firstElementChild?.clientHeight ?? 0;
    pane.scrollTop += topOf(call) - topOf(pane) - room - 8;
  }

  #mark(): void {
    for (const button of this.#buttons("button")) {
      if (button.value === this.#opened) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  #select(active: string): void {
    this.#port.set({ active });
    this.#show();
  }

  #close(): void {
    const back = this.#buttons("button").find((button) => button.value === this.#opened);
    const hadFocus = find(this.#pane.element, ":focus");
    this.#opened = "";
    delete this.#root.dataset.open;
    this.#pane.close();
    this.#mark();
    if (hadFocus) back?.focus();
  }

  #clicked(event: MouseEvent): void {
    const button = (event.target as Element).closest("button");
    if (button?.name === "close") this.#select("");
    else if (button?.value) this.#select(button.value);
  }

  #pressed(event: KeyboardEvent): void {
    const button = (event.target as Element).closest<HTMLButtonElement>(CALLS);
    const step = STEPS[event.key];
    if (event.altKey || isChord(event) || runsCell(event)) return;
    if (event.key === "Escape" && this.#opened) this.#select("");
    else if (button && step) this.#next(button, ...step)?.focus();
    else return;
    event.preventDefault();
  }

  /** The next call in a direction: in a column, or in a row. */
  #next(from: HTMLButtonElement, down: number, right: number): HTMLButtonElement | undefined {
    const cell = from.closest("td") as Element;
    const row = cell.parentElement as Element;
    const inRow = [...row.children];
    const rows = [...(row.parentElement as Element).children];
    const cells = down ? rows.map(({ children }) => children[inRow.indexOf(cell)]) : inRow;
    const ahead = cells.slice(cells.indexOf(cell) + 1);
    const behind = cells.slice(0, cells.indexOf(cell)).reverse();
    for (const each of down + right > 0 ? ahead : behind) {
      const button = each?.querySelector<HTMLButtonElement>(CALLS);
      if (button) return button;
    }
    return undefined;
  }

  /** Tab comes back to the call that had the focus last. */
  #enter(target: Element): void {
    if (!target.matches(CALLS)) return;
    for (const other of this.#buttons(`${CALLS}[tabindex="0"]`)) other.tabIndex = -1;
    (target as HTMLElement).tabIndex = 0;
  }

  #buttons(selector: string): HTMLButtonElement[] {
    return [...this.#table.querySelectorAll<HTMLButtonElement>(selector)];
  }
}
