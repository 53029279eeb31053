import type { Row, SessionSummary } from "./wire";

/** The columns that a table can be sorted by. */
export const COLUMNS = ["asked", "agent", "turns", "when", "cost"] as const;
export type Column = (typeof COLUMNS)[number];

/** A way to look at sessions. */
export interface Order {
  column: Column;
  descending: boolean;
}

/** What is known of sessions beside their rows, by id. */
export interface Known {
  summaries: ReadonlyMap<string, SessionSummary>;
  costs: ReadonlyMap<string, string>;
}

/** A line of the table: a session, or a run with those of its sessions that are shown. */
export interface Line {
  /** The session's id, or `run:NAME`. */
  key: string;
  rows: Row[];
  /** The run's name; empty for a session that belongs to none. */
  run: string;
}

/** `lesson=2` asks for metadata, `status=failed` for a field; other words for any text, the first message's too. */
export function sift(rows: Row[], query: string, known: Known): Row[] {
  const tests = words(query).map((word) => testOf(word, known));
  return rows.filter((row) => tests.every((test) => test(row)));
}

/** Whether some word may stand in a first message. */
export function asksForWords(query: string): boolean {
  return words(query).some((word) => word.indexOf("=") <= 0);
}

/** Puts the sessions of a run together, where the first of them stands. */
export function lined(rows: Row[]): Line[] {
  const lines = new Map<string, Line>();
  for (const row of rows) {
    const key = row.run ? `run:${row.run}` : row.id;
    const line = lines.get(key);
    if (line) line.rows.push(row);
    else lines.set(key, { key, rows: [row], run: row.run });
  }
  return [...lines.values()];
}

/** The session whose first message stands for a line: of a run one of its first task. */
export function first(line: Line): Row {
  return line.rows.reduce((one, row) => (Number(row.task) < Number(one.task) ? row : one));
}

/** Sorted by a column; equal ones stay as they were, empty ones come last. */
export function sorted(rows: Row[], order: Order, known: Known): Row[] {
  const key = KEYS[order.column];
  const keys = new Map(rows.map((row) => [row.id, key(row, known)]));
  const compare = (a: Row, b: Row) => {
    const [x, y] = [keys.get(a.id) ?? "", keys.get(b.id) ?? ""];
    if (x === "" || y === "") return Number(x === "") - Number(y === "");
    const result = COLLATOR.compare(x, y);
    return order.descending ? -result : result;
  };
  return [...rows].sort(compare);
}

const KEYS: Record<Column, (row: Row, known: Known) => string> = {
  asked: (row, { summaries }) => summaries.get(row.id)?.words ?? "",
  agent: (row) => `${row.agent} ${row.llm}`,
  turns: (row, { summaries }) => String(summaries.get(row.id)?.turns ?? ""),
  when: (row) => row.created,
  cost: (row, { costs }) => dollars(costs.get(row.id)),
};

/** Whether a column holds what is asked for line by line, and may come late. */
export function isAskedFor(column: Column): boolean {
  return column !== "agent" && column !== "when";
}

/** With as many digits each, since a collator takes those behind the point for a whole number. */
function dollars(text: string | undefined): string {
  return text ? Number(text.replace(/[^\d.]/g, "")).toFixed(4) : "";
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

function words(query: string): string[] {
  return query.split(/\s+/).filter(Boolean);
}

function testOf(word: string, known: Known): (row: Row) => boolean {
  const equals = word.indexOf("=");
  if (equals > 0) {
    const [key, value] = [word.slice(0, equals), word.slice(equals + 1).toLowerCase()];
    return (row) => (row.metadata[key] ?? field(row, key)).toLowerCase().includes(value);
  }
  const wanted = word.toLowerCase();
  return (row) => textOf(row, known).includes(wanted);
}

export function metadataText(row: Row): string {
  return Object.entries(row.metadata)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

function field(row: Row, name: string): string {
  const value = row[name as keyof Row];
  return typeof value === "string" ? value : "";
}

function textOf(row: Row, known: Known): string {
  const { id, status, agent, llm, name, run } = row;
  const asked = known.summaries.get(row.id)?.words ?? "";
  return [asked, id, status, agent, llm, name, run, metadataText(row)].join("\n").toLowerCase();
}
