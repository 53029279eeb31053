import type { Row } from "./wire";

/** The columns that a table can be sorted by. */
export const COLUMNS = ["status", "agent", "llm", "name", "created", "cost", "metadata"] as const;
export type Column = (typeof COLUMNS)[number];

/** A way to look at sessions. */
export interface Order {
  column: Column;
  descending: boolean;
}

/** `lesson=2` asks for metadata, `status=failed` for a column; other words for any text. */
export function sift(rows: Row[], query: string): Row[] {
  const tests = query.split(/\s+/).filter(Boolean).map(testOf);
  return rows.filter((row) => tests.every((test) => test(row)));
}

function testOf(word: string): (row: Row) => boolean {
  const equals = word.indexOf("=");
  if (equals > 0) {
    const [key, value] = [word.slice(0, equals), word.slice(equals + 1).toLowerCase()];
    return (row) => (row.metadata[key] ?? field(row, key)).toLowerCase().includes(value);
  }
  const wanted = word.toLowerCase();
  return (row) => textOf(row).includes(wanted);
}

/** Sorted by a column; equal ones stay as they were, empty ones come last. */
export function sorted(rows: Row[], order: Order, costs: Map<string, string>): Row[] {
  const isCost = order.column === "cost";
  const key = (row: Row) => (isCost ? (costs.get(row.id) ?? "") : field(row, order.column));
  const compare = (a: Row, b: Row) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return Number(x === "") - Number(y === "");
    const result = isCost ? dollars(x) - dollars(y) : COLLATOR.compare(x, y);
    return order.descending ? -result : result;
  };
  return [...rows].sort(compare);
}

function dollars(text: string): number {
  return Number(text.replace(/[^\d.]/g, ""));
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

export function metadataText(row: Row): string {
  return Object.entries(row.metadata)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

function field(row: Row, name: string): string {
  if (name === "metadata") return metadataText(row);
  const value = row[name as keyof Row];
  return typeof value === "string" ? value : "";
}

function textOf(row: Row): string {
  const { id, status, agent, llm, name } = row;
  return [id, status, agent, llm, name, metadataText(row)].join("\n").toLowerCase();
}
