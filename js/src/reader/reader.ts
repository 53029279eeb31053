import type { Port } from "../host/port";
import { atEnd, focused, focusOn, make, on } from "../shared/dom";
import { Folds } from "../shared/folds";
import { type Key, keySheet, onKeys } from "../shared/keys";
import { bringIntoSight, reveal } from "../shared/scrolling";
import { Branches } from "./branches";
import { Pieces } from "./pieces";
import { drawRow, menuOf, type Shared, toggleRaw } from "./row";
import type { Rows } from "./rows";
import { Search } from "./search";
import { Toolbar } from "./toolbar";
import { Viewport } from "./viewport";
import { Watching } from "./watching";
import type { Chosen, Growth, Piece, Row, State } from "./wire";

/** Milliseconds without a key before something is looked for. */
const TYPING_MS = 120;
const SETTLING_FRAMES = 4;
const LINE_PX = 22;
const LINE_CHARS = 95;

/** A turn to be at; `by` says which control has the focus, `top` how far down it begins. */
interface Goal {
  turn: string;
  by: number;
  top: number;
}

/** One view of a transcript. */
export class Reader {
  /** Gives the focus away when there is nothing more to stop: to the transcript. */
  leave = () => focusOn(this.#log);
  readonly #port: Port<State>;
  readonly #rows: Rows;
  readonly #signal: AbortSignal;
  readonly #head = make("header", "");
  readonly #log = make("div", "dari-log dari-fills", {
    role: "log",
    tabindex: "0",
    "aria-label": "Transcript",
    "aria-live": "off",
  });
  readonly #spoken = make("span", "dari-spoken", { role: "status" });
  readonly #none = make("p", "dari-more dari-none");
  readonly #toolbar: Toolbar;
  readonly #view: Viewport;
  readonly #pieces: Pieces;
  readonly #folds = new Folds();
  readonly #search: Search;
  readonly #actions: Shared;
  readonly #branches: Branches;
  readonly #keys: Key[];
  readonly #sheet: HTMLElement;
  #current = "";
  /** The item whose match is on its way into sight. */
  #sought = "";
  #typing: ReturnType<typeof setTimeout> | undefined;
  #begun = false;
  #hidesTools = false;
  #goal: Goal | undefined;

  /** @param pieces Items that are here already. */
  constructor(
    el: HTMLElement,
    port: Port<State>,
    rows: Rows,
    signal: AbortSignal,
    pieces: Piece[],
  ) {
    this.#port = port;
    this.#rows = rows;
    this.#signal = signal;
    this.#search = new Search(port, rows);
    this.#actions = {
      raw: async (id) => (await port.ask<string>("raw", { id, form: "" } satisfies Chosen)).body,
      copy: async (id, form) =>
        (await port.ask<string>("copy", { id, form } satisfies Chosen)).body,
      say: (words) => this.#say(words),
    };
    const went = (turn: string, by: number, top: number) => this.#went({ turn, by, top });
    this.#branches = new Branches(port, { went, say: (words) => this.#say(words) }, signal);
    this.#pieces = new Pieces(
      port,
      () => this.#view.draw(),
      (why) => this.failed(why),
    );
    this.keep(pieces);
    this.#keys = this.#makeKeys();
    this.#sheet = keySheet(this.#keys);
    this.#sheet.hidden = true;
    this.#toolbar = new Toolbar(
      {
        find: (query) => this.#findSoon(query),
        step: (by) => this.#toMatch(by),
        choose: (kinds, tool) => this.#choose(kinds, tool),
        fold: (open) => this.#foldAll(open),
        keys: () => this.#showKeys(),
      },
      signal,
    );
    el.classList.add("dari", "dari-view", "dari-reader");
    el.replaceChildren(
      this.#head,
      this.#toolbar.element,
      this.#sheet,
      this.#log,
      this.#none,
      new Watching(port, () => this.leave(), signal).element,
      this.#spoken,
    );
    this.#view = new Viewport(this.#log, this.#content(), signal);
    this.#folds.watch(this.#log, signal);
    on(this.#log, "focusin", (event) => this.#focused(event), signal);
    onKeys(el, this.#keys, signal);
    port.watch(["head", "height"], () => this.#showTraits(), signal);
    port.watch(["active"], () => this.#goActive(), signal);
    port.watch(["session"], () => this.#beginAnew(), signal);
    port.watch(["branches"], () => this.#drawBranches(), signal);
    atEnd(signal, () => this.#close());
    this.#showTraits();
    this.changed();
  }

  /** Shows what the rows are now. */
  changed(): void {
    const follows = this.#view.followsEnd;
    this.#toolbar.show(this.#rows);
    this.#none.hidden = this.#rows.shown.length > 0;
    this.#none.textContent =
      this.#rows.all.length > 0 ? "Nothing is of this kind." : "Nothing is here yet.";
    this.#log.hidden = this.#rows.shown.length === 0;
    this.#view.reset();
    if (follows) this.#view.toEnd();
    if (!this.#begun && this.#rows.all.length > 0) this.#begin();
    if (this.#search.query) void this.#find();
  }

  /** Says why something is not here; a view that is gone says so above. */
  failed(why: string): void {
    if (this.#log.closest(".dari-gone")) return;
    this.#none.hidden = false;
    this.#none.textContent = why;
  }

  /** Takes in items that came unasked. */
  keep(pieces: Piece[]): void {
    this.#pieces.add(pieces);
  }

  /** Lets answers grow while they are written. */
  grow(growths: Growth[]): void {
    this.#pieces.grow(growths);
  }

  /** Puts the line of tools out of sight until someone looks for something. */
  hideTools(): void {
    this.#hidesTools = true;
    this.#toolbar.element.hidden = true;
  }

  /** Takes the reader to the field for finding. */
  find(): void {
    this.#toolbar.element.hidden = false;
    this.#toolbar.field.focus();
  }

  /** Goes to the end, and stays there while more comes. */
  toEnd(): void {
    this.#view.toEnd();
  }

  #begin(): void {
    this.#begun = true;
    const at = this.#rows.place(this.#port.get("active"));
    if (at !== undefined) this.#go(at, "start", false);
  }

  /** Goes where others than this reader have gone. */
  #goActive(): void {
    const id = this.#port.get("active");
    const place = this.#rows.place(id);
    if (id === this.#current) return;
    if (place !== undefined) this.#go(place, "nearest", false);
    else this.#moveTo(id);
  }

  /** Another transcript comes: where the reader was in the one before says nothing about it. */
  #beginAnew(): void {
    if (this.#rows.all.length === 0) return;
    this.#begun = false;
    this.#view.toStart();
  }

  /** Notes where the reader is, and tells whoever follows. */
  #moveTo(id: string): void {
    const before = this.#current;
    this.#current = id;
    for (const one of [before, id]) {
      const element = this.#view.element(one);
      element?.classList.toggle("dari-here", one === id);
      if (element) this.#mark(element, one);
    }
    if (this.#port.get("active") !== id) this.#port.set({ active: id });
  }

  #close(): void {
    clearTimeout(this.#typing);
    this.#search.clear();
  }

  #showTraits(): void {
    const [head, height] = [this.#port.get("head"), this.#port.get("height")];
    if (this.#head.innerHTML !== head) this.#head.innerHTML = head;
    this.#log.style.maxHeight = height > 0 ? `${height}px` : "";
  }

  #content() {
    const row = (place: number) => this.#rows.shown[place] as Row;
    const rows = this.#rows;
    return {
      get count() {
        return rows.shown.length;
      },
      id: (place: number) => row(place).id,
      before: (place: number) => {
        const [id, draft] = [row(place).id, this.#pieces.draftOf(row(place).id)];
        if (draft !== undefined) this.#folds.rename(draft, id);
        return draft;
      },
      guess: (place: number) => guess(row(place)) + (rows.begins(place) ? LINE_PX : 0),
      draw: (element: HTMLElement, place: number) => this.#draw(element, row(place), place),
      gone: (element: HTMLElement) => this.#search.unmark(element.firstElementChild),
      drawn: (first: number, last: number) => this.#wantNear(first, last),
    };
  }

  #draw(element: HTMLElement, row: Row, place: number): void {
    element.classList.toggle("dari-first", this.#rows.begins(place) && place > 0);
    const isAfter = row.kind !== "tool" && this.#rows.shown[place - 1]?.kind === "tool";
    element.classList.toggle("dari-after", isAfter);
    element.classList.toggle("dari-here", row.id === this.#current);
    element.setAttribute("aria-posinset", String(place + 1));
    element.setAttribute("aria-setsize", String(this.#rows.shown.length));
    const more = () => this.#branches.entries(element, row);
    const menu = () => menuOf(row.id, { ...this.#actions, more }, this.#signal);
    const before = element.firstElementChild;
    if (!drawRow(element, row, this.#pieces.get(row), menu)) return;
    this.#branches.draw(element, row);
    const goal = this.#goal;
    if (row.turn === goal?.turn) requestAnimationFrame(() => this.#went(goal));
    this.#search.unmark(before);
    const body = element.firstElementChild as HTMLElement;
    this.#folds.apply(row.id, body);
    this.#mark(element, row.id);
    if (row.id === this.#sought) this.#bringMatch();
  }

  #drawBranches(): void {
    for (const row of this.#rows.shown) {
      const element = this.#view.element(row.id);
      if (element) this.#branches.draw(element, row);
    }
  }

  /** The same place of another branch comes where this one's was, and what had the focus has it. */
  #went(goal: Goal, frames = SETTLING_FRAMES): void {
    const { turn, by, top } = goal;
    const place = this.#rows.shown.findIndex((row) => row.turn === turn && row.kind === "user");
    const row = this.#rows.shown[place];
    if (!row || this.#signal.aborted) return;
    this.#moveTo(row.id);
    this.#view.put(place, top);
    const element = this.#view.element(row.id);
    const control = by && element?.querySelector<HTMLElement>(`.dari-branch [data-by="${by}"]`);
    focusOn(control || element);
    // What is in the row may be on its way, and rows get their heights in the next frames.
    this.#goal = this.#pieces.get(row)?.rev === row.rev ? undefined : goal;
    if (frames > 0) requestAnimationFrame(() => this.#went(goal, frames - 1));
  }

  #branch(what: "edit" | "compare" | "step", by: 1 | -1 = 1): void {
    const [row, element] = [this.#rows.shown[this.#place], this.#here];
    if (!row || !element) return;
    this.#branches[what](element, row, by).catch((error: Error) => this.#say(error.message));
  }

  /** What is seen comes first, then what the next turns of the wheel will bring. */
  #wantNear(first: number, last: number): void {
    const more = Math.max(10, last - first);
    const seen = Math.max(first, Math.min(this.#view.first, last));
    this.#pieces.want([
      ...this.#rows.shown.slice(seen, last + 1 + more),
      ...this.#rows.shown.slice(Math.max(0, first - more), seen).reverse(),
    ]);
  }

  #findSoon(query: string): void {
    this.#search.query = query.trim();
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#find(true), TYPING_MS);
  }

  async #find(goes = false): Promise<void> {
    try {
      if (!(await this.#search.look())) return;
    } catch (error) {
      this.#toolbar.found((error as Error).message, 0);
      return;
    }
    this.#showFound();
    for (const element of this.#log.querySelectorAll<HTMLElement>("[data-item]")) {
      this.#mark(element, element.dataset.item ?? "");
    }
    if (goes && this.#search.count > 0) this.#toMatch(1, this.#view.first - 1);
  }

  #showFound(): void {
    const words = this.#search.words(this.#current);
    this.#toolbar.found(words, this.#search.count);
    if (words) this.#say(words);
  }

  #toMatch(by: 1 | -1, from = this.#place): void {
    const place = this.#rows.next(from, by, (row) => this.#search.has(row.id));
    if (place === undefined) return;
    this.#go(place, "nearest", false);
    this.#sought = this.#current;
    this.#bringMatch();
    this.#showFound();
  }

  /** Rows that were just drawn get their heights in the next frames, and move what is below. */
  #bringMatch(frames = SETTLING_FRAMES): void {
    const body = this.#view.element(this.#sought)?.firstElementChild;
    const match = body && this.#search.first(body);
    if (!match || this.#signal.aborted) return;
    bringIntoSight(match);
    if (frames > 0) requestAnimationFrame(() => this.#bringMatch(frames - 1));
    else this.#sought = "";
  }

  #mark(element: HTMLElement, id: string): void {
    if (element.firstElementChild) this.#search.mark(element.firstElementChild, id, this.#current);
  }

  #choose(kinds: ReadonlySet<string>, tool: string): void {
    this.#rows.choose({ kinds, tool });
    this.changed();
    this.#showFound();
    if (!this.#search.query) this.#say(`${this.#rows.shown.length} items`);
  }

  #foldAll(open: boolean): void {
    this.#folds.setAll(open);
    for (const element of this.#log.querySelectorAll<HTMLElement>("[data-item]")) {
      this.#folds.apply(element.dataset.item ?? "", element);
    }
  }

  /** The item that the reader is at: the one that is chosen, else the one that has the focus. */
  get #here(): HTMLElement | null | undefined {
    const chosen = this.#view.element(this.#current);
    return chosen ?? focused(this.#log)?.closest<HTMLElement>("[data-item]");
  }

  get #place(): number {
    const at = this.#rows.place(this.#current) ?? this.#here?.dataset.place;
    return Number(at ?? this.#view.first - 1);
  }

  #go(place: number, block: "start" | "nearest" = "nearest", focus = true): void {
    const row = this.#rows.shown[place];
    if (!row) return;
    this.#moveTo(row.id);
    this.#view.reveal(place, block);
    if (focus) focusOn(this.#view.element(row.id));
  }

  #jump(by: 1 | -1, test: (row: Row, place: number) => boolean, what: string): void {
    const place = this.#rows.next(this.#place, by, test);
    if (place === undefined) this.#say(`There is no ${what}.`);
    else this.#go(place, "start");
  }

  /** Keys start from where the reader put the focus, by pointer too. */
  #focused(event: FocusEvent): void {
    const element = (event.target as HTMLElement).closest<HTMLElement>("[data-item]");
    const id = element?.dataset.item;
    if (id && id !== this.#current) this.#moveTo(id);
  }

  #say(words: string): void {
    this.#spoken.textContent = words;
  }

  #showKeys(): void {
    this.#sheet.hidden = !this.#sheet.hidden;
  }

  #menu(): HTMLElement | null | undefined {
    return this.#here?.querySelector<HTMLElement>(":scope > .dari-menu");
  }

  #escape(): void {
    this.#sheet.hidden = true;
    if (this.#search.query) {
      this.#toolbar.field.value = "";
      this.#findSoon("");
    }
    if (this.#hidesTools) this.hideTools();
    focusOn(this.#log);
  }

  #makeKeys(): Key[] {
    const last = () => this.#rows.shown.length - 1;
    const turn = (_: Row, place: number) => this.#rows.begins(place);
    const tool = (row: Row) => row.kind === "tool";
    const error = (row: Row) => row.flag === "error";
    const open = () => {
      const toggle = this.#menu()?.querySelector("button");
      reveal(toggle);
      toggle?.click();
    };
    const fold = () => this.#here?.querySelector<HTMLElement>("summary")?.click();
    return [
      [["ArrowDown", "j"], "next item", () => this.#go(Math.min(this.#place + 1, last()))],
      [["ArrowUp", "k"], "item before", () => this.#go(Math.max(this.#place - 1, 0))],
      [["u"], "next turn", () => this.#jump(1, turn, "turn")],
      [["U"], "turn before", () => this.#jump(-1, turn, "turn")],
      [["t"], "next tool call", () => this.#jump(1, tool, "tool call")],
      [["T"], "tool call before", () => this.#jump(-1, tool, "tool call")],
      [["e"], "next error", () => this.#jump(1, error, "error")],
      [["E"], "error before", () => this.#jump(-1, error, "error")],
      [["Home", "g"], "first item", () => this.#go(0)],
      [["End", "G"], "last item", () => this.#go(last())],
      [["/"], "find", () => this.find()],
      [["n"], "next match", () => this.#toMatch(1)],
      [["N"], "match before", () => this.#toMatch(-1)],
      [["Enter", "o"], "open or close the item", fold],
      [["a"], "open all", () => this.#foldAll(true)],
      [["c"], "close all", () => this.#foldAll(false)],
      [["m"], "copy, link", open],
      [["r"], "raw JSON", () => this.#toggleRaw()],
      [["A"], "ask again", () => this.#branch("edit")],
      [["["], "branch before", () => this.#branch("step", -1)],
      [["]"], "next branch", () => this.#branch("step")],
      [["="], "compare branches", () => this.#branch("compare")],
      [["?"], "these keys", () => this.#showKeys()],
      [["Escape"], "leave the search", () => this.#escape()],
    ];
  }

  #toggleRaw(): void {
    const menu = this.#menu();
    if (menu) toggleRaw(menu, this.#actions).catch((error: Error) => this.#say(error.message));
  }
}

/** About how high a row will be: good enough to scroll by until it is measured. */
function guess(row: Row): number {
  if (row.kind === "tool" || row.kind === "other") return LINE_PX + 4;
  return 2 * LINE_PX + Math.ceil(row.chars / LINE_CHARS) * LINE_PX;
}
