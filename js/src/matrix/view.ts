import { interruptKernel } from "../shared/interrupt";
import type { Port } from "../shared/port";
import { type Grid, gridIn } from "./grid";
import { Pane } from "./pane";
import { find, put } from "./parts";
import { RatingLine, Ratings } from "./ratings";
import type { Sheet } from "./sheet";
import { sift } from "./sift";
import { Sight } from "./sight";
import { SKELETON } from "./skeleton";
import type { Cell, Change, Opened, Question, Rating, State } from "./wire";

const TRAITS = [
  "head",
  "tools",
  "busy",
  "rating",
  "blind",
  "filter",
  "order",
  "only",
  "chosen",
] as const;
const FOLLOW_MS = 150;
const NO_INTERRUPT = "The cell is busy: use the interrupt button of your notebook.";

/** Draws a matrix into an element, and keeps it up to date until the signal aborts. */
export class MatrixView {
  readonly #root: HTMLElement;
  readonly #port: Port<State>;
  readonly #sheet: Sheet;
  readonly #head: HTMLElement;
  readonly #tools: HTMLElement;
  readonly #count: HTMLElement;
  readonly #spoken: HTMLElement;
  readonly #grid: Grid;
  readonly #pane: Pane;
  readonly #line: RatingLine;
  readonly #ratings: Ratings;
  #opened: Cell | undefined;
  #blind = false;
  #frame = 0;
  #following: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement, port: Port<State>, sheet: Sheet, signal: AbortSignal) {
    root.classList.add("dari", "dari-view", "dari-matrix");
    root.dataset.keys = "";
    root.innerHTML = SKELETON;
    this.#root = root;
    this.#port = port;
    this.#sheet = sheet;
    this.#head = find(root, "header");
    this.#tools = find(root, ".dari-tools > div");
    this.#count = find(root, ".dari-note");
    this.#spoken = find(root, ".dari-spoken");
    const tell = (cells: string[]) => port.send({ kind: "visible", cells });
    const sight = new Sight(sheet, tell, signal);
    this.#grid = gridIn(find(root, "table"), sheet, (row) => sight.observe(row));
    this.#pane = new Pane(find(root, ".dari-pane"), signal);
    this.#line = new RatingLine(find(root, ".dari-rate"));
    this.#ratings = new Ratings(
      (rating) => port.ask("rate", rating),
      (...told) => this.#told(...told),
    );
    this.#listen(signal);
    port.watch(TRAITS, () => this.#show(), signal);
    sheet.subscribe((change) => this.#changed(change), signal);
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#following);
    });
    this.#show();
  }

  #listen(signal: AbortSignal): void {
    const root = this.#root;
    root.addEventListener("click", (event) => this.#clicked(event), { signal });
    root.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    root.addEventListener("focusin", (event) => this.#focused(event), { signal });
    root.addEventListener("toggle", unfoldRow, { capture: true, signal });
    this.#tools.addEventListener("input", (event) => this.#set(event), { signal });
    const note = () => this.#opened && this.#rate(this.#opened, { note: this.#line.note.value });
    this.#line.note.addEventListener("change", note, { signal });
  }

  #show(): void {
    const port = this.#port;
    const chosen = port.get("chosen");
    put(this.#head, port.get("head"));
    put(this.#tools, port.get("tools"));
    for (const field of this.#tools.querySelectorAll<HTMLInputElement>("[name]")) {
      const value = port.get(field.name as "filter") as string | boolean;
      if (typeof value === "boolean") field.checked = value;
      else if (field.value !== value) field.value = value;
    }
    const [compare, clear] = [this.#button("compare"), this.#button("clear")];
    compare.textContent = `Compare ${chosen.length}`;
    compare.disabled = chosen.length < 2;
    compare.hidden = clear.hidden = chosen.length === 0;
    this.#button("stop").hidden = !port.get("busy");
    this.#line.element.hidden = !port.get("rating") || !this.#opened;
    if (this.#blind !== port.get("blind")) this.#goBlind();
    this.#arrange();
    this.#grid.mark(this.#opened?.id ?? "", chosen);
  }

  /** Which rows are there, in which order. */
  #arrange(): void {
    this.#frame = 0;
    const [filter, order, only] = [
      this.#port.get("filter"),
      this.#port.get("order"),
      this.#port.get("only"),
    ];
    const rows = sift(this.#sheet, { filter, order, only });
    const all = this.#sheet.rows.size;
    this.#grid.show(rows, this.#blind);
    this.#count.textContent = rows.length < all ? `${rows.length} of ${all} tasks` : "";
  }

  #changed(change: Change): void {
    this.#grid.update(change);
    this.#frame ||= requestAnimationFrame(() => this.#arrange());
    const opened = change.cells.find((cell) => cell.id === this.#opened?.id);
    if (opened) this.#read(opened);
  }

  /** What is open tells names or hides them, too. */
  #goBlind(): void {
    this.#blind = this.#port.get("blind");
    this.#root.classList.toggle("dari-blind", this.#blind);
    if (this.#opened) this.#open(this.#opened);
    else if (this.#root.dataset.open) this.#compare();
  }

  #open(cell: Cell): void {
    clearTimeout(this.#following);
    this.#root.dataset.open = "cell";
    this.#pane.open(this.#sheet.rows.get(cell.row)?.label ?? "");
    this.#line.tell("");
    this.#read(cell);
    this.#show();
  }

  #read(cell: Cell): void {
    this.#opened = cell;
    this.#line.show(this.#ratings.of(cell, this.#port.get("rating")));
    const answer = this.#port.ask<Opened>("cell", this.#question([cell.id]));
    void this.#pane.wait(answer, (opened) => this.#pane.show(opened));
  }

  #compare(): void {
    clearTimeout(this.#following);
    this.#opened = undefined;
    this.#root.dataset.open = "compare";
    this.#pane.open("Compared");
    const answer = this.#port.ask<string>("compare", this.#question(this.#port.get("chosen")));
    void this.#pane.wait(answer, (html) => this.#pane.compare(html));
    this.#show();
  }

  #question(cells: string[]): Question {
    return { cells, blind: this.#blind };
  }

  #close(): void {
    clearTimeout(this.#following);
    const back = this.#opened?.id ?? this.#port.get("chosen").at(-1);
    const hadFocus = this.#pane.hasFocus;
    this.#opened = undefined;
    delete this.#root.dataset.open;
    this.#pane.close();
    if (hadFocus && back) this.#grid.focus(back);
    this.#show();
  }

  #choose(cell: Cell): void {
    const chosen = this.#port.get("chosen");
    const others = chosen.filter((id) => id !== cell.id);
    this.#port.set({ chosen: others.length < chosen.length ? others : [...chosen, cell.id] });
    this.#show();
  }

  #rate(cell: Cell, change: Partial<Rating>): void {
    this.#ratings.rate(cell, this.#port.get("rating"), change);
  }

  #told(cell: Cell, words: string, isError: boolean): void {
    const number = (this.#sheet.rows.get(cell.row)?.index ?? 0) + 1;
    this.#spoken.textContent = `Task ${number}: ${words}`;
    // An error is seen beside the cell that it is about.
    if (isError && this.#opened?.id !== cell.id) this.#open(cell);
    if (this.#opened?.id !== cell.id) return;
    this.#line.tell(words, isError);
    this.#line.show(this.#ratings.of(cell, this.#port.get("rating")));
  }

  async #stop(): Promise<void> {
    const [port, stop] = [this.#port, this.#button("stop")];
    port.send({ kind: "stop" });
    stop.disabled = true;
    if (!port.get("blocking") || (await interruptKernel(port.get("kernel_id")))) return;
    stop.disabled = false;
    this.#count.textContent = this.#spoken.textContent = NO_INTERRUPT;
  }

  #button(name: string): HTMLButtonElement {
    return find(this.#root, `[name=${name}]`);
  }

  #cellAt(event: Event): Cell | undefined {
    const at = (event.target as Element).closest<HTMLElement>("[data-cell]");
    return this.#sheet.cells.get(at?.dataset.cell ?? "");
  }

  /** A field has the name of the trait that it sets. */
  #set(event: Event): void {
    const { name, type, checked, value } = event.target as HTMLInputElement;
    this.#port.set({ [name]: type === "checkbox" ? checked : value });
    this.#show();
  }

  #clicked(event: MouseEvent): void {
    const cell = this.#cellAt(event);
    const button = (event.target as Element).closest("button");
    if (cell && (event.shiftKey || event.ctrlKey || event.metaKey)) this.#choose(cell);
    else if (cell) this.#open(cell);
    else if (button?.value && this.#opened) {
      this.#rate(this.#opened, { value: Number(button.value) });
    } else if (button?.name === "compare") this.#compare();
    else if (button?.name === "clear") this.#port.set({ chosen: [] });
    else if (button?.name === "close") this.#close();
    else if (button?.name === "stop") void this.#stop();
  }

  /** With a transcript open, it is that of the cell with the focus. */
  #focused(event: FocusEvent): void {
    const cell = this.#cellAt(event);
    if (!cell) return;
    clearTimeout(this.#following);
    this.#grid.enter(cell.id);
    if (!this.#opened || this.#opened.id === cell.id) return;
    this.#following = setTimeout(() => this.#open(cell), FOLLOW_MS);
  }

  #pressed(event: KeyboardEvent): void {
    const cell = this.#cellAt(event);
    const isClosing = event.key === "Escape" && !this.#pane.element.hidden;
    if (isClosing) this.#close();
    else if (!cell || event.altKey || !this.#act(cell, event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Does what a key means on a cell; returns whether it means anything. */
  #act(cell: Cell, event: KeyboardEvent): boolean {
    const { key } = event;
    const next = this.#grid.next(cell.id, event);
    const isRated = this.#port.get("rating") !== "";
    if (next) this.#grid.focus(next);
    else if (event.ctrlKey || event.metaKey) return false;
    else if (key === "Enter") this.#open(cell);
    else if (key === " ") this.#choose(cell);
    else if (key === "c" && this.#port.get("chosen").length > 1) this.#compare();
    else if (isRated && key >= "1" && key <= "5") this.#rate(cell, { value: Number(key) });
    else if (isRated && key === "n") {
      this.#open(cell);
      this.#line.note.focus();
    } else return false;
    return true;
  }
}

/** What someone unfolds in a comparison unfolds in the whole row. */
function unfoldRow({ target }: Event): void {
  const { open } = target as HTMLDetailsElement;
  const row = (target as Element).closest(".dari-compare tr")?.querySelectorAll("details") ?? [];
  for (const details of row) details.open = open;
}
