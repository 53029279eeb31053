import type { Port, Reply } from "../../src/host/port";
import type { Cell, Change, Column, Left, Row, State } from "../../src/matrix/wire";

export function column(id: string): Column {
  const where = `column = ${id} right = *`;
  const html = `${id} <small><button data-where="${where}">0.5</button></small>`;
  return { id, html };
}

export function row(id: string, index: number): Row {
  return { id, index, label: `task ${id}`, html: `<p>task ${id}</p>`, same: false };
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

/** Two tasks and two LLMs. */
export function small(...llms: string[]): Change {
  const names = llms.length ? llms : ["small", "large"];
  const rows = [row("a", 0), row("b", 1)];
  const cells = ["a", "b"].flatMap((r) => names.map((c) => cell(r, c)));
  return { columns: names.map(column), rows, cells };
}

type Ask = (what: string, body: unknown) => Promise<unknown>;

/** The other side, played by a test: it keeps what was said and answers what is asked. */
export class Side implements Port<State> {
  readonly sent: object[] = [];
  readonly asked: [string, unknown][] = [];
  readonly #rows = new Set<string>();
  /** The number of the matrix that is told of. */
  matrix = 0;
  readonly #changed = new EventTarget();
  #receive: ((message: never, buffers: DataView[]) => void)[] = [];
  answer: Ask = async () => ({ head: "<b>head</b>", items: [] });
  traits: State = {
    head: "<b>totals</b>",
    tools: `<input name="where"><datalist><option label="tier = gold"></option></datalist>
      <select name="order"><option value=""></option></select>
      <select name="baseline"><option value=""></option><option value="small"></option></select>`,
    same: "",
    hint: "",
    shortcuts: "<dl><dt>Enter</dt></dl>",
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

  get = <Name extends keyof State & string>(name: Name) => this.traits[name];

  set = (changes: Partial<State>) => {
    this.traits = { ...this.traits, ...changes };
    this.#changed.dispatchEvent(new Event("change"));
  };

  watch = (_: readonly string[], listener: () => void, signal: AbortSignal) =>
    this.#changed.addEventListener("change", listener, { signal });

  send = (message: object) => void this.sent.push(message);

  receive = (listener: (message: never, buffers: DataView[]) => void) =>
    void this.#receive.push(listener);

  ask = async <Body>(what: string, body?: unknown): Promise<Reply<Body>> => {
    this.asked.push([what, body]);
    return { body: (await this.answer(what, body)) as Body, buffers: [] };
  };

  /** Brings another matrix in place of the one that is there. */
  bring(change: Change): void {
    this.matrix++;
    this.#rows.clear();
    this.deliver(0, 1, change);
  }

  deliver(since: number, n: number, change: Change, kept = 0): void {
    this.#tell({ kind: "news", matrix: this.matrix, since, n, kept }, change);
    for (const { id } of change.rows) this.#rows.add(id);
    this.find(Object.fromEntries([...this.#rows].map((id) => [id, {}])));
  }

  /** Tells which rows are left by what is asked for now. */
  find(rows: Record<string, Partial<Left>>, why = ""): void {
    const { where, order, baseline, score, blind } = this.traits;
    const none = { fit: [], marks: {} };
    const left = Object.entries(rows).map(([id, one]) => ({ ...none, ...one, id }));
    this.#tell({ kind: "found", where, order, baseline, score, blind, why }, left);
  }

  #tell(message: object, body: unknown): void {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    for (const receive of this.#receive) receive(message as never, [new DataView(bytes.buffer)]);
  }
}
