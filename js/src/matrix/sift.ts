import { hasEnded, type Sheet } from "./sheet";
import type { Cell, Row, State } from "./wire";

type Test = (row: Row) => boolean;

const WORD = /"[^"]*"?|\S+/g;
const CONDITION = /^(.+?)([<>]=?|[=:])(.+)$/;
const TAG = /<[^>]*>/g;

/** Ids of the rows to show, in order. */
export function sift(sheet: Sheet, how: Pick<State, "filter" | "order" | "only">): string[] {
  const words = how.filter.toLowerCase().match(WORD) ?? [];
  const tests = words.map((word) => testOf(sheet, word.replaceAll('"', "")));
  if (how.only) tests.push((row) => differs(sheet, row, how.only));
  const rows = [...sheet.rows.values()].filter((row) => tests.every((test) => test(row)));
  rows.sort((a, b) => a.index - b.index);
  if (how.order) sort(sheet, rows, how.order);
  return rows.map((row) => row.id);
}

/** All that can be sorted by and filtered on, by name: of a task, and of one of its cells. */
function facts(row: Row, cell: Cell): Record<string, unknown> {
  const { text, tools, state, seconds, cost } = cell;
  return { task: row.label, text, tools, state, seconds, cost, ...row.values, ...cell.scores };
}

function factsOf(sheet: Sheet, row: Row, name: string, cells = sheet.cellsOf(row.id)): unknown[] {
  return cells.map((cell) => facts(row, cell)[name]).filter((value) => (value ?? "") !== "");
}

/** `refund` is a word of the row, `reward<1` a condition; what names no fact is a word, too. */
function testOf(sheet: Sheet, word: string): Test {
  const [, lower, sign = "", wanted = ""] = CONDITION.exec(word) ?? [];
  return (row) => {
    const cells = sheet.cellsOf(row.id);
    const names = Object.keys(cells[0] ? facts(row, cells[0]) : {});
    const name = names.find((name) => name.toLowerCase() === lower);
    if (name) return factsOf(sheet, row, name).some((value) => fits(value, sign, wanted));
    return textOf(row, cells).includes(word);
  };
}

function fits(value: unknown, sign: string, wanted: string): boolean {
  const text = String(value).toLowerCase();
  if (sign === ":") return text.includes(wanted);
  const order = compare(text, wanted);
  return order === 0 ? sign.includes("=") : sign.startsWith(order < 0 ? "<" : ">");
}

/** All that a row says. */
function textOf(row: Row, cells: Cell[]): string {
  const html = [row.label, row.html, ...cells.map((cell) => cell.html)].join(" ");
  const text = html.replace(TAG, " ").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
  return text.replaceAll("&amp;", "&").toLowerCase();
}

/** Whether the cells that have ended are not all the same in something. */
function differs(sheet: Sheet, row: Row, name: string): boolean {
  const ended = sheet.cellsOf(row.id).filter(hasEnded);
  return new Set(ended.map((cell) => String(facts(row, cell)[name] ?? ""))).size > 1;
}

/** By the mean of numbers or by the first text; rows without a value come last either way. */
function sort(sheet: Sheet, rows: Row[], order: string): void {
  const turn = order.startsWith("-") ? -1 : 1;
  const keys = new Map(
    rows.map((row) => [row, keyOf(factsOf(sheet, row, order.replace(/^-/, "")))]),
  );
  rows.sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    if (x === undefined || y === undefined)
      return Number(x === undefined) - Number(y === undefined);
    return turn * compare(x, y);
  });
}

function keyOf(values: unknown[]): string | undefined {
  const sum = values.reduce((sum: number, value) => sum + Number(value), 0);
  return Number.isNaN(sum) || !values.length ? values[0]?.toString() : String(sum / values.length);
}

/** `false` and `true` are 0 and 1 to whoever compares them with numbers. */
function compare(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) ? a.localeCompare(b, undefined, { numeric: true }) : difference;
}
