import { afterAll } from "vitest";
import { matrix } from "../../src/matrix/component";
import type { Cell, Change, Column, Left, Row, State } from "../../src/matrix/wire";
import { FakePort } from "../port";
import { eventually, find, show } from "../view";

// A cell is brought into sight a moment after a key led to it.
afterAll(() => new Promise<void>((resolve) => setTimeout(resolve, 120)));

export function column(id: string): Column {
  const where = `column = ${id} right = *`;
  return { id, html: `${id} <small><button data-where="${where}">0.5</button></small>` };
}

export function row(id: string, index: number, change: Partial<Row> = {}): Row {
  const about = { id, index, label: `task ${id}`, html: `<p>task ${id}</p>`, same: false };
  return { ...about, ...change };
}

export function cell(rowId: string, columnId: string, change: Partial<Cell> = {}): Cell {
  const repeat = change.repeat ?? 0;
  const id = `${rowId}/${columnId}/${repeat}`;
  return {
    id,
    row: rowId,
    column: columnId,
    repeat,
    state: "completed",
    within: id,
    tint: "",
    html: `<p>answer ${rowId} ${columnId}</p>`,
    scores: {},
    notes: {},
    ...change,
  };
}

/** Two tasks and two LLMs, or others. */
export function small(...llms: string[]): Change {
  const names = llms.length ? llms : ["small", "large"];
  const rows = [row("a", 0), row("b", 1)];
  const cells = ["a", "b"].flatMap((r) => names.map((c) => cell(r, c)));
  return { columns: names.map(column), rows, cells };
}

const STATE: State = {
  head: "<b>totals</b>",
  tools: `<input name="where" aria-label="Filter"><datalist>
    <option label="tier = gold"></option></datalist>
    <select name="order" aria-label="Order"><option value=""></option>
    <option value="task"></option></select>
    <select name="baseline" aria-label="Baseline"><option value=""></option>
    <option value="small"></option></select>`,
  same: "",
  hint: "",
  shortcuts: '<dl class="dari-keys"><div><dt><kbd>Enter</kbd></dt><dd>open</dd></div></dl>',
  busy: false,
  stop: "Stop",
  blocking: false,
  kernel_id: "",
  rating: "rating",
  blind: false,
  where: "",
  order: "",
  baseline: "",
  score: "",
  by: "right",
  against: "",
  active: "",
  selection: [],
  status: "completed",
};

/** A kernel with a matrix. */
export class MatrixPort extends FakePort<State> {
  readonly #rows = new Set<string>();
  /** The number of the matrix that it tells of. */
  matrix = 0;
  #n = 0;

  constructor(changes: Partial<State> = {}) {
    super({ ...STATE, ...changes }, (what) =>
      what === "compare" ? "<table></table>" : { head: "<b>head</b>", items: [] },
    );
  }

  /** Tells what is new. */
  news(change: Partial<Change>): void {
    this.deliver(this.#n, this.#n + 1, change);
  }

  /** Tells what is new between two numbers. */
  deliver(since: number, n: number, change: Partial<Change>): void {
    const all = { columns: small().columns, rows: [], cells: [], ...change };
    this.#n = n;
    this.tell({ kind: "news", matrix: this.matrix, since, n, kept: 0 }, all);
    for (const { id } of all.rows) this.#rows.add(id);
    this.left(Object.fromEntries([...this.#rows].map((id) => [id, {}])));
  }

  /** Brings another matrix. */
  bring(change: Change): void {
    this.matrix++;
    this.#rows.clear();
    this.deliver(0, 1, change);
  }

  /** Tells which rows are left by what is asked for now. */
  left(rows: Record<string, Partial<Left>>, why = ""): void {
    const { where, order, baseline, score, blind } = this.traits;
    const left = Object.entries(rows).map(([id, one]) => ({ fit: [], marks: {}, ...one, id }));
    this.tell({ kind: "found", where, order, baseline, score, blind, why }, left);
  }
}

export const at = (id: string) => find(`[data-cell="${id}"]`);

/** Shows a matrix of two tasks and two LLMs. */
export async function shown(port = new MatrixPort()): Promise<MatrixPort> {
  show(matrix, port);
  port.news(small());
  await eventually(() => find("[data-cell]"));
  return port;
}

/** Tells which rows are left, and waits until they are drawn. */
export async function leaves(port: MatrixPort, ...told: Parameters<MatrixPort["left"]>) {
  port.left(...told);
  await new Promise(requestAnimationFrame);
}
