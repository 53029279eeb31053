import { atEnd } from "../shared/dom";
import type { Cell, Change, Column, Row } from "./wire";

type Listener = (change: Change) => void;

/** The matrix as far as it came, from which any number of views is drawn. */
export class Sheet {
  columns: Column[] = [];
  repeats = 1;
  readonly rows = new Map<string, Row>();
  readonly cells = new Map<string, Cell>();
  /** Names of what is known of tasks, and of scores. */
  readonly names = new Set<string>();
  readonly #byRow = new Map<string, Map<string, Cell>>();
  readonly #listeners = new Set<Listener>();

  /** Takes in what is new; what comes later is newer. */
  apply(change: Change): void {
    this.columns = change.columns;
    const parts = [...change.rows.map((row) => row.values), ...change.cells.map((c) => c.scores)];
    for (const part of parts) for (const name in part) this.names.add(name);
    for (const row of change.rows) this.rows.set(row.id, row);
    for (const cell of change.cells) {
      this.cells.set(cell.id, cell);
      this.repeats = Math.max(this.repeats, cell.repeat + 1);
      const inRow = this.#byRow.get(cell.row) ?? new Map<string, Cell>();
      this.#byRow.set(cell.row, inRow.set(cell.id, cell));
    }
    for (const listener of this.#listeners) listener(change);
  }

  cellsOf(row: string): Cell[] {
    return [...(this.#byRow.get(row)?.values() ?? [])];
  }

  /** Hands over every change until `signal` aborts. */
  subscribe(listener: Listener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    atEnd(signal, () => this.#listeners.delete(listener));
  }
}

/** Whether nothing more will come of a cell. */
export function hasEnded(cell: Cell): boolean {
  return ["completed", "failed", "cancelled"].includes(cell.state);
}
