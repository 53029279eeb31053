import { isChord, runsCell } from "../host/border";
import { interruptKernel } from "../host/interrupt";
import type { Port } from "../host/port";
import { atEnd, on, setAttributes } from "../shared/dom";
import { Place } from "../shared/place";
import { reveal, scrollTo, topOf, windowAround } from "../shared/scrolling";
import { PATIENCE_MS, SILENT } from "../shared/silence";
import { unique } from "../shared/unique";
import { type Grid, gridIn, STEPS } from "./grid";
import { Pane } from "./pane";
import { find, put, rovingTabindex } from "./parts";
import { RatingLine, Ratings, type Said } from "./ratings";
import type { Sheet } from "./sheet";
import { sight } from "./sight";
import { SKELETON } from "./skeleton";
import type { Cell, Change, Opened, Question, State, StoredRating } from "./wire";

const SAVING = "saving …";
/** What rows are found by. */
const HOW = ["where", "order", "baseline", "score", "blind"] as const;
const TRAITS = [
  ...HOW,
  "head",
  "tools",
  "same",
  "hint",
  "busy",
  "stop",
  "rating",
  "by",
  "against",
  "active",
  "selection",
] as const;
/** The condition that is being written. */
const UNFINISHED = /(?:(?:"[^"]*"|[^\s"<>=!:]+)\s*[<>=!:]+\s*)?(?:"[^"]*"?|\S*)$/;
const FOLLOW_MS = 150;
/** As much of a table is seen beside what is open, and as much as there is of it else. */
const LEAST_PX = 120;
const ALL_PX = 1e5;

/** Draws a matrix into an element, and keeps it up to date until the signal aborts. */
export class MatrixView {
  readonly #root: HTMLElement;
  readonly #port: Port<State>;
  readonly #sheet: Sheet;
  readonly #head: HTMLElement;
  readonly #seen: HTMLElement;
  readonly #tools: HTMLElement;
  readonly #count: HTMLElement;
  readonly #box: HTMLElement;
  readonly #spoken: HTMLElement;
  readonly #hint: HTMLElement;
  readonly #grid: Grid;
  readonly #pane: Pane;
  readonly #line: RatingLine;
  readonly #ratings: Ratings;
  #room = ALL_PX;
  #opened: Cell | undefined;
  /** The cells that are compared. */
  #compared: string[] = [];
  /** The matrix that is drawn. */
  #number: number;
  /** What the rows were shown by last. */
  #asked = "";
  #shown: string[] = [];
  #late: ReturnType<typeof setTimeout> | undefined;
  /** Whether the count is to be said once it is there. */
  #isAwaited = false;
  #frame = 0;
  /** What is going to be open once the focus rests. */
  #next: Cell | undefined;
  /** The cell that was active last. */
  #active = "";
  /** What was open at the last click. */
  #before: string | undefined;

  constructor(root: HTMLElement, port: Port<State>, sheet: Sheet, signal: AbortSignal) {
    root.classList.add("dari", "dari-view", "dari-matrix");
    root.innerHTML = SKELETON;
    this.#root = root;
    this.#port = port;
    this.#sheet = sheet;
    this.#number = sheet.number;
    this.#head = find(root, "header");
    this.#seen = find(root, ".dari-seen");
    this.#tools = find(root, ".dari-tools > div");
    this.#count = find(root, ".dari-note");
    this.#box = find(root, ".dari-grid");
    this.#spoken = find(root, ".dari-spoken");
    this.#hint = find(root, ".dari-hint");
    find(root, ".dari-sheet").innerHTML = port.get("shortcuts");
    const tell = (cells: string[]) => port.send({ kind: "visible", cells });
    const observe = sight(sheet, (row) => this.#grid.near(row), tell, signal);
    new Place(root, this.#box, rowsInStaticOutput, signal);
    // A focus that has nowhere to stay opens nothing else.
    const lost = () => {
      if (this.#opened) this.#pane.focus();
      return !!this.#opened;
    };
    // Whoever sees what rates finds it where it is, from one cell to the next.
    const isSteady = () => {
      const [begin, end] = windowAround(this.#line.element);
      return begin * end < 0;
    };
    this.#grid = gridIn(find(root, "table"), sheet, observe, lost, isSteady);
    this.#pane = new Pane(find(root, ".dari-pane"), signal);
    this.#line = new RatingLine(find(root, ".dari-rate"));
    this.#ratings = new Ratings(
      (rating) => port.ask<Partial<StoredRating>>("rate", rating),
      (...told) => this.#told(...told),
      (cells, kept) => sheet.rated(cells, kept),
    );
    this.#listen(signal);
    port.watch(TRAITS, () => this.#show(), signal);
    sheet.subscribe((change, isRating) => this.#changed(change, isRating), signal);
    atEnd(signal, () => {
      cancelAnimationFrame(this.#frame);
      this.#next = undefined;
      clearTimeout(this.#late);
    });
    this.#show();
  }

  #listen(signal: AbortSignal): void {
    const root = this.#root;
    const line = this.#line;
    on(root, "click", (event) => this.#clicked(event), signal);
    on(root, "keydown", (event) => this.#pressed(event), signal);
    on(root, "focusin", (event) => this.#focused(event), signal);
    on(this.#tools, "input", (event) => this.#set(event), signal);
    on(line.element, "change", () => this.#keepNote(), signal);
    // Whoever writes may leave the page, or close the notebook by a tab that takes no focus.
    const left = ({ target }: Event) => target === line.note || this.#keepNote();
    on(window, "pagehide", left, signal);
    const onTheWay = { capture: true };
    on(window, "pointerdown", left, signal, onTheWay);
    on(root, "toggle", unfoldRow, signal, onTheWay);
    // It goes on for as long as there is more room by now.
    const grow = () => this.#room < ALL_PX && this.#fit(this.#room);
    on(window, "scroll", grow, signal, onTheWay);
  }

  #show(): void {
    this.#hold(() => this.#draw());
    this.#openSelected();
    this.#grid.mark(this.#opened?.id ?? "", this.#port.get("selection"));
  }

  /** Draws; whoever rates what is open goes on at the same place, whatever is above it by then. */
  #hold(draw: () => void): void {
    const line = this.#line.element;
    // One that is not there is nowhere.
    const top = find(this.#root, ".dari-split :focus") && topOf(line);
    draw();
    if (top && !line.hidden) scrollTo(line, top);
  }

  #draw(): void {
    const port = this.#port;
    const selection = port.get("selection");
    put(this.#head, port.get("head"));
    put(this.#seen, port.get("against"));
    const held = find<HTMLInputElement>(this.#tools, ":focus");
    put(this.#tools, port.get("tools"));
    if (held && !held.isConnected) find(this.#tools, `[name=${held.name}]`)?.focus();
    rovingTabindex(this.#head);
    rovingTabindex(this.#seen);
    const list = find(this.#tools, "datalist");
    if (list && !list.id) {
      list.id = `dari-${unique()}`;
      find(this.#tools, "[name=where]").setAttribute("list", list.id);
    }
    for (const field of this.#tools.querySelectorAll<HTMLInputElement | HTMLSelectElement>(
      "[name]",
    )) {
      const said = port.get(field.name as "where") as string | boolean;
      const value = field.name === "score" ? said || port.get("by") : said;
      if (typeof value === "boolean") (field as HTMLInputElement).checked = value;
      // A menu that has no such line shows none, and says that it is empty.
      else if (field.value !== value || (field as HTMLSelectElement).selectedIndex < 0)
        field.value = value;
    }
    const compare = this.#button("compare");
    const clear = this.#button("clear");
    const [one, two] = selection;
    compare.textContent = two ? `Compare ${selection.length}` : "Select one more";
    compare.disabled = !two;
    compare.hidden = clear.hidden = !one;
    this.#hint.textContent = port.get("hint");
    this.#hint.hidden = !!(one || this.#root.dataset.open);
    const stop = this.#button("stop");
    stop.hidden = !port.get("busy");
    stop.disabled &&= !stop.hidden;
    stop.textContent = stop.disabled ? "Stopping…" : port.get("stop");
    this.#line.element.hidden = !port.get("rating") || !this.#opened;
    this.#arrange();
  }

  /** Which rows are there, in which order: those that the kernel found last. */
  #arrange(): void {
    this.#frame = 0;
    const { found, left, rows } = this.#sheet;
    if (!found) return;
    const { where, order, why } = found;
    const words = this.#port.get("same");
    const folds = words && !(where || order);
    const ids = [...left.keys()].filter((id) => rows.has(id));
    const asked = `${[where, order, found.baseline]}`;
    const isAsked = this.#asked === asked;
    // What is rated stays where it is while it is open, and goes when the reader goes on.
    const open = isAsked ? (this.#opened?.row ?? "") : "";
    const isSame = (id: string) => !!folds && !!rows.get(id)?.same && id !== open;
    const same = ids.filter(isSame);
    const shown = ids.filter((id) => !isSame(id));
    const at = this.#shown.indexOf(open);
    if (at >= 0 && rows.has(open) && !left.has(open)) shown.splice(at, 0, open);
    this.#shown = shown;
    this.#grid.showFit();
    this.#grid.show({ shown, same, words });
    if (!isAsked) this.#box.scrollTop = 0;
    this.#asked = asked;
    const [some, all] = [ids.length, rows.size].map((count) => count.toLocaleString("en"));
    const count = some === all ? "" : `${some} of ${all} task${all === "1" ? "" : "s"}`;
    this.#await(
      HOW.some((one) => found[one] !== this.#port.get(one)),
      `${count}${why && `: ${why}`}`,
    );
  }

  /** Shows what was found, or says after a while that what is asked for now is not found yet. */
  #await(isLate: boolean, words: string): void {
    const say = (isBusy: boolean, told: string) => {
      setAttributes(this.#box, { "aria-busy": `${isBusy}` });
      this.#count.textContent = told;
    };
    if (isLate) {
      // One that is gone says so above.
      const busy = () => say(true, this.#root.matches(".dari-gone") ? "" : SILENT);
      this.#late ??= setTimeout(busy, PATIENCE_MS);
      return;
    }
    clearTimeout(this.#late);
    this.#late = undefined;
    say(false, words);
    if (this.#isAwaited) this.#spoken.textContent = words;
    this.#isAwaited = false;
  }

  /** Opens the active cell once it is there, except while the reader writes. */
  #openSelected(): void {
    const id = this.#port.get("active");
    const cell = this.#sheet.cells.get(id);
    if (id === this.#active || (id && !cell)) return;
    this.#active = id;
    if (this.#line.note.matches(":focus")) return;
    if (!cell) {
      if (this.#opened) this.#close();
      return;
    }
    this.#open(cell);
    // Keys are of what is open.
    if (find(this.#box, ":focus")) this.#grid.focus(id);
  }

  #changed(change: Change, isRating: boolean): void {
    if (this.#number !== this.#sheet.number) {
      // What is being written is kept of what it was written to.
      this.#line.note.blur();
      this.#number = this.#sheet.number;
      this.#grid.clear();
      this.#shown = [];
      this.#spoken.textContent = "";
      this.#shut();
      this.#active = "";
    }
    const before = this.#opened && this.#kept(this.#opened).value;
    for (const cell of change.cells) this.#ratings.heard(cell, this.#sheet.kept);
    this.#hold(() => this.#grid.update(change));
    this.#openSelected();
    this.#frame ||= requestAnimationFrame(() => this.#hold(() => this.#arrange()));
    if (change.cells.some(({ id }) => this.#compared.includes(id))) this.#askCompared();
    const opened = change.cells.find((cell) => cell.id === this.#opened?.id);
    if (!opened) return;
    // What was said in it stays.
    if (isRating) this.#opened = opened;
    else this.#read(opened);
    // What is told there is of the rating before.
    if (this.#kept(opened).value !== before) this.#tellSaving("");
  }

  /**
   * Beside what is open the table ends where the window does: whoever goes on scrolls it, and not
   * the page.
   */
  #fit(least: number): void {
    this.#room = Math.max(least, windowAround(this.#box)[1]);
    // A window that is made higher has more room.
    this.#box.style.setProperty("--room", `calc(100vh - ${innerHeight - this.#room}px)`);
  }

  /** Selects a cell, as the reader wishes, and brings what opens into sight, later what rates it. */
  #select(cell: Cell): void {
    const isNew = this.#line.element.hidden;
    this.#active = cell.id;
    this.#port.set({ active: cell.id });
    // Of all that is below the table as much is seen as leaves the table: nothing moves from then on.
    this.#open(cell, () => isNew && reveal(this.#pane.element, this.#box));
    reveal(this.#line.element, isNew && this.#box);
    this.#grid.reveal(cell.id);
  }

  #open(cell: Cell, appear?: () => void): void {
    this.#next = undefined;
    this.#compared = [];
    this.#root.dataset.open = "cell";
    const row = this.#sheet.rows.get(cell.row);
    this.#pane.open(`Task ${this.#numberOf(cell)}: ${row?.label ?? ""}`, appear);
    this.#tellSaving("");
    this.#read(cell);
    this.#show();
    this.#grid.scrollTo(cell.id);
  }

  #read(cell: Cell): void {
    this.#line.show(this.#kept(cell), cell.id);
    this.#opened = cell;
    const beside = this.#sheet.cellsOf(cell.row).filter(({ column }) => column === cell.column);
    this.#pane.showRepeats(beside, cell.id);
    this.#ask<Opened>("cell", [cell.id], (opened) => this.#pane.show(opened));
  }

  #compare(): void {
    this.#shut();
    this.#port.set({ active: "" });
    this.#root.dataset.open = "compare";
    this.#pane.open("Compared", () => reveal(this.#pane.element));
    this.#compared = this.#port.get("selection");
    this.#askCompared();
    this.#show();
  }

  #askCompared(): void {
    this.#ask<string>("compare", this.#compared, (html) => this.#pane.compare(html));
  }

  #ask<Body>(what: string, cells: string[], show: (body: Body) => void): void {
    const ask = () => this.#port.ask<Body>(what, { cells } satisfies Question);
    void this.#pane.ask(ask, (body) => this.#hold(() => show(body)));
  }

  #close(): void {
    const back = this.#opened?.id ?? this.#port.get("selection").at(-1);
    const hadFocus = find(this.#pane.element, ":focus");
    this.#shut();
    this.#port.set({ active: "" });
    this.#show();
    if (hadFocus && back) this.#grid.goTo(back);
  }

  /** Opens nothing any more, whatever cell is active. */
  #shut(): void {
    this.#next = this.#opened = undefined;
    this.#compared = [];
    delete this.#root.dataset.open;
    this.#fit(ALL_PX);
    this.#pane.close();
  }

  #choose(cell: Cell): void {
    const selection = this.#port.get("selection");
    const others = selection.filter((id) => !this.#grid.shows(id, cell.id));
    const isSelected = others.length < selection.length;
    this.#port.set({ selection: isSelected ? others : [...selection, this.#meant(cell).id] });
  }

  #kept(cell: Cell): Said {
    return this.#ratings.of(cell, this.#port.get("rating"));
  }

  #rate(cell: Cell, change: Partial<Said>): void {
    this.#ratings.rate(cell, this.#port.get("rating"), change);
  }

  /** Goes on at the cell of the note, which is kept as by any way out of its field but Escape. */
  #leaveNote(key: string): void {
    const opened = this.#opened;
    if (!opened) return;
    if (key === "Escape") this.#line.showNote(this.#kept(opened).note);
    else this.#keepNote(true);
    this.#grid.focus(opened.id);
  }

  /** Keeps a note that is written here, and again one that was not kept. */
  #keepNote(isAgain = false): void {
    const opened = this.#opened;
    const { value, defaultValue } = this.#line.note;
    if (!opened) return;
    if (value === defaultValue && !(isAgain && this.#ratings.isLost(opened, value))) return;
    this.#line.showNote(value);
    this.#rate(opened, { note: value });
  }

  #told(cell: Cell, words: string, isError: boolean): void {
    const said = isError ? `not kept: ${words}` : words || SAVING;
    this.#spoken.textContent = `Task ${this.#numberOf(cell)}: ${said}`;
    // An error is seen where ratings are.
    if (isError && !this.#opened) this.#select(cell);
    const opened = this.#opened;
    this.#tellSaving(isError || opened?.id !== cell.id ? "" : words);
    if (opened) this.#line.show(this.#kept(opened), opened.id);
  }

  /** Says how many ratings are not saved yet, or of none these words; and what was not kept. */
  #tellSaving(words: string): void {
    const { waiting } = this.#ratings;
    const saving = waiting > 1 ? `saving ${waiting} …` : SAVING;
    const lost = this.#lost;
    const told = [waiting ? saving : words, ...lost].filter(Boolean).join("; ");
    this.#line.setStatus(told.replaceAll(".;", "."), !!lost[0]);
  }

  /** What was not kept, in words: of all with one cause together. */
  get #lost(): string[] {
    const { lost } = this.#ratings;
    const causes = new Map(lost.map((one) => [one.why, one.isSent]));
    return [...causes].map(([why, isSent]) => {
      const of = lost.filter((other) => other.why === why);
      const tasks = [...new Set(of.map(({ cell }) => this.#numberOf(cell)))];
      const named = `task${tasks.length > 1 ? "s" : ""} ${tasks.join(", ")}`;
      return `${of.length} ${isSent ? "may not be" : "not"} kept, of ${named}: ${why}`;
    });
  }

  async #stop(): Promise<void> {
    const [port, stop] = [this.#port, this.#button("stop")];
    // A disabled button would lose the focus to the page.
    if (stop.matches(":focus")) this.#button("keys").focus();
    stop.disabled = true;
    stop.textContent = this.#spoken.textContent = "Stopping…";
    const stopped = port.ask("stop").then(
      () => "",
      (error: Error) => error.message,
    );
    // A kernel whose cell blocks hears of it only when the interrupt has ended that.
    const trouble = await (port.get("blocking")
      ? interruptKernel(this.#root, port.get("kernel_id"))
      : stopped);
    if (!trouble) return;
    stop.disabled = false;
    stop.textContent = port.get("stop");
    this.#count.textContent = this.#spoken.textContent = trouble;
  }

  #numberOf(cell: Cell): number {
    return this.#sheet.rows.get(cell.row)?.index ?? 0;
  }

  #showKeys(): void {
    const sheet = find(this.#root, ".dari-sheet");
    sheet.hidden = !sheet.hidden;
  }

  #button(name: string): HTMLButtonElement {
    return find(this.#root, `[name=${name}]`);
  }

  #cellAt(event: Event): Cell | undefined {
    const at = (event.target as Element).closest<HTMLElement>("[data-cell]");
    return this.#sheet.cells.get(at?.dataset.cell ?? "");
  }

  /** Of cells that are shown as one the open one, or else the one that was found. */
  #meant(cell: Cell): Cell {
    const opened = this.#opened;
    return opened && this.#grid.shows(cell.id, opened.id) ? opened : this.#found(cell);
  }

  /** Of cells that are shown as one the first that meets the conditions, or else this one. */
  #found(cell: Cell): Cell {
    const isHere = (one: Cell) => this.#sheet.fits(one) && this.#grid.shows(one.id, cell.id);
    const here = this.#sheet.cellsOf(cell.row).filter(isHere);
    const rank = ({ id, repeat }: Cell) => (id === this.#opened?.id ? -1 : repeat);
    return here.sort((a, b) => rank(a) - rank(b))[0] ?? cell;
  }

  /** A field has the name of the trait that it sets. */
  #set(event: Event): void {
    const { name, type, checked, value } = event.target as HTMLInputElement;
    // What the kernel says of another baseline comes in a moment.
    const stale = /baseline|score/.test(name) && { against: "" };
    this.#isAwaited = true;
    this.#port.set({ [name]: type === "checkbox" ? checked : value, ...stale });
    if (name === "where") this.#offer();
  }

  /** Offers how the words in the field may go on. */
  #offer(): void {
    const before = this.#port.get("where").replace(UNFINISHED, "");
    for (const option of this.#tools.querySelectorAll<HTMLOptionElement>("datalist > option")) {
      option.value = before + option.getAttribute("label");
    }
  }

  #clicked(event: MouseEvent): void {
    const cell = this.#cellAt(event);
    // Who has gone on by keys means the cell that they are at.
    const next = !cell && this.#next;
    if (next) this.#select(next);
    // A double click takes nothing back; whoever has gone on meanwhile clicks anew.
    const open = this.#opened?.id;
    const isAgain = event.detail > 1 && this.#before === open;
    this.#before = open;
    const button = (event.target as Element).closest("button");
    const name = button?.name;
    const where = button?.dataset.where;
    const rated = !name && button?.value;
    // Whoever points goes on by keys as from the cell, and presses no number with them.
    if (rated && open && event.detail) this.#grid.focus(open);
    if (isAgain) return;
    if (where) {
      // Once more, all are shown.
      this.#isAwaited = true;
      this.#port.set({ where: where === this.#port.get("where") ? "" : where });
    } else if (cell && (event.shiftKey || event.ctrlKey || event.metaKey)) this.#choose(cell);
    else if (cell) this.#select(this.#found(cell));
    else if (button && name === "repeat") {
      this.#select(this.#sheet.cells.get(button.value) as Cell);
      // It has a button of its own: that has the focus then.
      find(this.#pane.element, `[name=repeat][value="${button.value}"]`).focus();
    } else if (rated && this.#opened) {
      const isPressed = button.matches("[aria-pressed=true]");
      // And takes back nothing that they have not seen.
      this.#rate(this.#opened, { value: isPressed && !next ? null : Number(rated) });
    } else if (name === "compare") this.#compare();
    else if (name === "clear") this.#port.set({ selection: [] });
    else if (name === "close") this.#close();
    else if (name === "stop") void this.#stop();
    else if (name === "keys") this.#showKeys();
  }

  /** With a transcript open, it is that of the cell with the focus. */
  #focused(event: FocusEvent): void {
    const cell = this.#cellAt(event);
    if ((event.target as Element).matches("[name=where]")) this.#offer();
    if (!cell) return;
    this.#next = undefined;
    const meant = this.#meant(cell);
    this.#grid.enter(meant.id);
    if (!this.#opened || this.#opened.id === meant.id) return;
    this.#next = meant;
    setTimeout(() => this.#next === meant && this.#select(meant), FOLLOW_MS);
  }

  #pressed(event: KeyboardEvent): void {
    const cell = this.#cellAt(event);
    const isClosing = event.key === "Escape" && this.#root.dataset.open;
    const target = event.target as Element;
    const isField = target.matches("input, select");
    const isNoted = /^(Enter|Escape)$/.test(event.key) && target === this.#line.note;
    const beside = besideFigure(target, event.key);
    if (beside) beside.focus();
    else if (isNoted && !event.isComposing && !runsCell(event)) this.#leaveNote(event.key);
    else if (isClosing && !event.isComposing) this.#close();
    else if (isField || event.altKey || runsCell(event)) return;
    else if (!(cell && this.#goOn(cell, event)) && !this.#act(cell ?? this.#opened, event)) return;
    event.preventDefault();
  }

  /** Does what a key means on a cell alone; elsewhere it belongs to what has the focus. */
  #goOn(cell: Cell, event: KeyboardEvent): boolean {
    const next = this.#grid.next(cell.id, event);
    if (next) {
      if (this.#opened) this.#fit(LEAST_PX);
      this.#grid.goTo(next);
    }
    // Where no cell follows nothing scrolls either.
    else if (event.key in STEPS)
      event.key === "ArrowLeft" && firstIn(event.target as Element, "[data-where]")?.focus();
    else if (isChord(event)) return false;
    else if (event.key === "Enter") this.#select(this.#found(cell));
    else if (event.key === " ") this.#choose(cell);
    else return false;
    return true;
  }

  /** Does what a key means in all of the view, for a cell or what is open; returns whether it does. */
  #act(cell: Cell | undefined, event: KeyboardEvent): boolean {
    const { key } = event;
    if (isChord(event)) return false;
    if (key === "?") this.#showKeys();
    else if (key === "c" && this.#port.get("selection").length > 1) this.#compare();
    else if (!cell || !this.#port.get("rating")) return false;
    else if (this.#opened && /^([0-5]|Delete|Backspace)$/.test(key)) {
      // Nobody rates what they have not opened, only because a key was touched.
      const rated = this.#meant(cell);
      if (this.#opened.id !== rated.id) this.#select(rated);
      this.#rate(rated, { value: Number(key) || null });
    } else if (key === "n") {
      this.#select(cell);
      this.#line.note.focus();
    } else return false;
    return true;
  }
}

/** The first of its kind in the row of something. */
function firstIn(inside: Element, selector: string): HTMLElement | null | undefined {
  return inside.closest("tbody")?.querySelector<HTMLElement>(selector);
}

/** Where an arrow leads from a figure: to the next one in its box, or to the cells of its task. */
function besideFigure(figure: Element, key: string): HTMLElement | null | undefined {
  const isFigure = key.startsWith("Arrow") && figure.matches("[data-where]");
  const box = isFigure && figure.closest("thead, tbody th, header, .dari-seen");
  if (!box) return undefined;
  const step = STEPS[key]?.[1];
  const next = step ? rovingTabindex(box, step) : undefined;
  return next ?? firstIn(figure, "[data-fit]") ?? firstIn(figure, "[data-cell]");
}

/** What someone unfolds in a comparison unfolds in the whole row. */
function unfoldRow({ target }: Event): void {
  const { open } = target as HTMLDetailsElement;
  const row = (target as Element).closest(".dari-compare tr")?.querySelectorAll("details") ?? [];
  for (const details of row) details.open = open;
}

/** Rows may have another order in static output: a task is found by its number and words. */
function rowsInStaticOutput(
  rows: HTMLElement[],
  staticOutput: HTMLElement,
): (HTMLElement | undefined)[] {
  const words = (row: Element) => row.querySelector("th")?.textContent?.replace(/\s+/g, " ").trim();
  const inStaticOutput = [...staticOutput.querySelectorAll<HTMLElement>("tbody > tr")];
  const byWords = new Map(inStaticOutput.map((row) => [words(row), row]));
  return rows.map((row) => byWords.get(words(row)));
}
