import { hasEnded, type Sheet } from "./sheet";
import type { Cell, Row, State } from "./wire";

type Test = (row: Row) => boolean;

const WORD = /"[^"]*"?|\S+/g;
const CONDITION = /^([^<>=:]+)([<>]=?|==?|:)([^<>=].*)$/;
const NAMED = /^([^<>=:]+)[<>=:]/;
const TAG = /<[^>]*>/g;
const DIGITS: Record<string, number> = { yes: 1, true: 1, no: 0, false: 0 };
const FACTS = ["number", "task", "text", "tools", "state", "time", "seconds", "cost"];
/** Facts that only tell cells apart, and other names of the same one. */
const HIDDEN = new Set(["text", "tools", "seconds"]);

type How = Pick<State, "filter" | "order" | "only">;

/** Ids of the rows to show, in order; without one those come first on which something differs. */
export function sift(sheet: Sheet, how: How): string[] {
  const words = how.filter.toLowerCase().match(WORD) ?? [];
  const names = namesOf(sheet);
  const tests = words.map((word) => testOf(sheet, names, word.replaceAll('"', "")));
  if (how.only) tests.push((row) => differs(sheet, row, how.only));
  const rows = [...sheet.rows.values()].filter((row) => tests.every((test) => test(row)));
  const last = (row: Row) => Number(row.same && !how.order);
  rows.sort((a, b) => last(a) - last(b) || a.index - b.index);
  if (how.order) sort(sheet, rows, how.order);
  return rows.map((row) => row.id);
}

/** Why no row is left: what conditions ask for that is not there or cannot be read, or nothing. */
export function whyNone(sheet: Sheet, { filter, only }: How): string {
  const names = namesOf(sheet);
  const words = (filter.match(WORD) ?? []).map((word) => word.replaceAll('"', ""));
  const nameIn = (word: string) => NAMED.exec(word)?.[1] ?? "";
  const broken = words.find(
    (word) => names.has(nameIn(word).toLowerCase()) && !CONDITION.test(word),
  );
  if (broken) return `“${broken}” is no condition; one is ${nameIn(broken)}<1`;
  const wanted = words.map((word) => CONDITION.exec(word)?.[1] ?? "");
  const unknown = wanted.filter((name) => name && !names.has(name.toLowerCase()));
  if (!unknown.length) return filter ? `nothing matches “${filter}”` : `none differs in ${only}`;
  const known = [...names.values()].filter((name) => !HIDDEN.has(name));
  return `there is no ${unknown.join(", ")}; there is ${known.join(", ")}`;
}

/** The names of all facts, by how they are written in small letters. */
function namesOf(sheet: Sheet): Map<string, string> {
  const names = new Set(FACTS);
  for (const row of sheet.rows.values()) for (const name in row.values) names.add(name);
  for (const cell of sheet.cells.values()) for (const name in cell.scores) names.add(name);
  return new Map([...names].map((name) => [name.toLowerCase(), name]));
}

/** All that can be sorted by and filtered on, by name: of a task, and of one of its cells. */
function facts(row: Row, cell: Cell): Record<string, unknown> {
  const { text, tools, state, seconds, cost } = cell;
  return {
    number: row.index,
    task: row.label,
    text,
    tools,
    state,
    seconds,
    time: seconds,
    cost,
    ...row.values,
    ...cell.scores,
  };
}

function factsOf(sheet: Sheet, row: Row, name: string, cells = sheet.cellsOf(row.id)): unknown[] {
  return cells.map((cell) => facts(row, cell)[name]).filter((value) => (value ?? "") !== "");
}

/** `refund` is a word of the row, `reward<1` a condition; what names no fact is a word, too. */
function testOf(sheet: Sheet, names: Map<string, string>, word: string): Test {
  const [, lower = "", sign = "", wanted = ""] = CONDITION.exec(word) ?? [];
  const name = names.get(lower);
  if (name) return (row) => factsOf(sheet, row, name).some((value) => fits(value, sign, wanted));
  return (row) => textOf(row, sheet.cellsOf(row.id)).includes(word);
}

function fits(value: unknown, sign: string, wanted: string): boolean {
  const text = typeof value === "boolean" ? (value ? "yes" : "no") : String(value).toLowerCase();
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

/** Whether the cells that have ended are not all the same in something, as far as they have it. */
function differs(sheet: Sheet, row: Row, name: string): boolean {
  const ended = sheet.cellsOf(row.id).filter(hasEnded);
  return new Set(factsOf(sheet, row, name, ended).map(String)).size > 1;
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

/** Yes and no are 1 and 0 to whoever compares them with numbers. */
function compare(a: string, b: string): number {
  const difference = Number(DIGITS[a] ?? a) - Number(DIGITS[b] ?? b);
  return Number.isNaN(difference) ? a.localeCompare(b, undefined, { numeric: true }) : difference;
}
