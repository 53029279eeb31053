import { atEnd } from "../shared/dom";
import type { Cell, Change, Column, Found, Left, Row } from "./wire";

/** Told of what is new, and whether that is only how cells are rated. */
type Listener = (change: Change, isRating: boolean) => void;

/** The matrix as far as it came, from which any number of views is drawn. */
export class Sheet {
  /** Tells it from those that were here before. */
  number = 0;
  /** How many ratings had been kept when that was read of which the last news were. */
  kept = 0;
  columns: Column[] = [];
  repeats = 1;
  readonly rows = new Map<string, Row>();
  readonly cells = new Map<string, Cell>();
  /** What was asked for, and which rows are left by that, in order. */
  found: Found | undefined;
  left = new Map<string, Left>();
  /** How many ratings had been kept when a cell was drawn that was rated. */
  readonly #rated = new Map<string, number>();
  readonly #byRow = new Map<string, Map<string, Cell>>();
  readonly #listeners = new Set<Listener>();

  /** Lets all go that is of another matrix than this one. */
  clear(number: number): void {
    this.number = number;
    this.repeats = 1;
    this.found = undefined;
    for (const known of [this.rows, this.cells, this.left, this.#byRow, this.#rated]) known.clear();
  }

  /** Takes in what is new; what comes later is newer, but for cells that were rated since. */
  apply(change: Change): void {
    const isNew = ({ id }: Cell) => (this.#rated.get(id) ?? 0) <= this.kept;
    this.#take({ ...change, cells: change.cells.filter(isNew) });
  }

  /** Takes in how cells are shown with so many ratings, before there is news of that. */
  rated(cells: Cell[], kept: number): void {
    const known = kept > this.kept ? cells.filter(({ id }) => this.cells.has(id)) : [];
    for (const { id } of known) this.#rated.set(id, kept);
    if (known.length) this.#take({ cells: known }, true);
  }

  /** Takes in what the kernel found. */
  find(found: Found, left: Left[]): void {
    this.found = found;
    this.left = new Map(left.map((one) => [one.id, one]));
    this.#take({});
  }

  #take(change: Partial<Change>, isRating = false): void {
    const { columns = this.columns, rows = [], cells = [] } = change;
    this.columns = columns;
    for (const row of rows) this.rows.set(row.id, row);
    for (const cell of cells) {
      this.cells.set(cell.id, cell);
      this.repeats = Math.max(this.repeats, cell.repeat + 1);
      const inRow = this.#byRow.get(cell.row) ?? new Map<string, Cell>();
      this.#byRow.set(cell.row, inRow.set(cell.id, cell));
    }
    for (const listener of this.#listeners) listener({ columns, rows, cells }, isRating);
  }

  cellsOf(row: string): Cell[] {
    return [...(this.#byRow.get(row)?.values() ?? [])];
  }

  /** Whether a cell meets the conditions. */
  fits({ row, column, repeat }: Cell): boolean {
    const place = this.#placeOf(column) + repeat * this.columns.length;
    return !!this.left.get(row)?.fit.includes(place);
  }

  /** The mark of what became of a task in a column in comparison with the baseline. */
  markOf({ row, column }: Cell): string | undefined {
    return this.left.get(row)?.marks[this.#placeOf(column)];
  }

  #placeOf(column: string): number {
    return this.columns.findIndex(({ id }) => id === column);
  }

  /** Hands over every change until `signal` aborts. */
  subscribe(listener: Listener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    atEnd(signal, () => this.#listeners.delete(listener));
  }
}

/** Whether nothing more will come of a cell. */
export function hasEnded(cell: Cell): boolean {
  return /^(completed|failed|cancelled)$/.test(cell.state);
}
