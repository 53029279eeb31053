import { arrange, button, focusOn, make, on } from "../shared/dom";
import { scrollWithin } from "../shared/scrolling";
import { Drawn, type Shown } from "./drawn";
import { COLUMNS, type Column, type Line, type Order } from "./sift";

/** What the table tells of the reader. */
export interface Wishes {
  sort(column: Column): void;
  toggle(key: string, range: boolean): void;
  /** Opens a session, or the sessions of a run below its line. */
  open(key: string): void;
}

/** The table itself: a row for each line, one of which can be reached by Tab. */
export class Table {
  readonly element = make("table", "", { "aria-multiselectable": "true", role: "treegrid" });
  readonly #body = make("tbody", "");
  readonly #heads = new Map<Column, HTMLElement>();
  readonly #wishes: Wishes;
  #drawn = new Map<string, Drawn>();
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

  show(shown: Shown, order: Order): void {
    for (const [column, head] of this.#heads) {
      const direction = order.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", column === order.column ? direction : "none");
    }
    const lines = shown.lines.flatMap((line) => unfolded(line, shown));
    const before = this.#drawn;
    this.#drawn = new Map(
      lines.map((line) => [line.key, before.get(line.key) ?? new Drawn(line.key)]),
    );
    for (const line of lines) this.#drawn.get(line.key)?.show(line, shown);
    const rows = [...this.#drawn.values()].map(({ element }) => element);
    const hadFocus = this.#body.contains(document.activeElement);
    arrange(this.#body, rows);
    const here = this.#drawn.get(this.#here)?.element ?? rows[0];
    if (!here) return;
    this.#here = here.dataset.id ?? "";
    here.tabIndex = 0;
    if (hadFocus) focusOn(here);
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

/** A line, and below that of an open run one for each of its sessions. */
function unfolded(line: Line, shown: Shown): Line[] {
  if (!line.run || !shown.unfolded.has(line.key)) return [line];
  return [line, ...line.rows.map((row) => ({ key: row.id, rows: [row], run: "" }))];
}
