import { type Changes, changesOf, ORDER, placeOf } from "./changes";
import { hasEnded, type Sheet } from "./sheet";
import type { Cell, Row, State } from "./wire";

/** A condition, or half of one, or a word; `dari_nb/render/matrix/sifting.py` reads the same. */
const TOKEN =
  /("[^"]*"|[^\s"<>=!:]+)\s*(<=|>=|!=|==?|<|>|:)\s*("[^"]*"|[^\s"<>=!:]\S*)|("[^"]*"|[^\s"<>=!:]+)\s*[<>=!:]\S*|("[^"]*"?|\S+)/g;
const UNFINISHED = /(?:(?:"[^"]*"|[^\s"<>=!:]+)\s*[<>=!:]+\s*)?(?:"[^"]*"?|\S*)$/;
/** The signs of mathematics, which stay as they are in quotation marks. */
const SIGN = /"[^"]*"|[≥≤≠]/g;
const SIGNS: Record<string, string> = { "≥": ">=", "≤": "<=", "≠": "!=" };
const TAG = /<[^>]*>/g;
const ANSWER = /<p>(.*?)(?: <b>|<\/p>)/s;
const DIGITS: Record<string, number> = { yes: 1, true: 1, no: 0, false: 0 };
/** Made once: to compare by a locale's rules is slow otherwise. */
const NATURAL = new Intl.Collator(undefined, { numeric: true });
const DIFFERS = "differs";
const FACTS = `number task column state answer time cost ${DIFFERS} change`.split(" ");
/** Facts that only tell cells apart, and other names of the same one. */
const HIDDEN = ["text", "tools", "seconds", "outcome", "status", "llm", "repeat"];

export type How = Pick<State, "where" | "order" | "baseline" | "by">;

interface Condition {
  name: string;
  sign: string;
  wanted: string;
}

/** Ids of the rows to show, in order, of the cells that meet the conditions, and what changed. */
export interface Sifted {
  rows: string[];
  fit: Set<string>;
  changes: Changes | undefined;
}

/** Sifts the rows; those come first that got worse, or else on which something differs. */
export function sift(sheet: Sheet, how: How): Sifted {
  const changes = changesOf(sheet, how.baseline, how.by);
  const facts = new Facts(sheet, changes);
  const { conditions, words } = read(how.where.toLowerCase(), facts.names);
  const own = conditions.filter(({ name }) => name !== DIFFERS);
  const differing = conditions.filter(({ name }) => name === DIFFERS);
  const fit = new Set<string>();
  const rows = [...sheet.rows.values()].filter((row) => {
    const cells = sheet.cellsOf(row.id);
    const found = cells.filter((cell) =>
      own.every((one) => fits(facts.of(row, cell, one.name), one)),
    );
    const isLeft =
      (found.length > 0 || !conditions.length) &&
      differing.every((one) => facts.differ(row, cells, one)) &&
      words.every((word) => textOf(row, cells).includes(word));
    if (isLeft && conditions.length) for (const { id } of found) fit.add(id);
    return isLeft;
  });
  const change = (row: string, column: string) => changes?.get(placeOf(row, column)) ?? "none";
  const rank = ({ id, same, index }: Row) =>
    Math.min(...sheet.columns.map((one) => ORDER.indexOf(change(id, one.id)))) * 9e9 +
    same * 1e9 +
    index;
  byKey(rows, how.order ? (row) => row.index : rank, (a, b) => a - b);
  if (how.order) sort(facts, rows, how.order);
  return { rows: rows.map((row) => row.id), fit, changes };
}

/** Why no row is left: what is asked for that is not there or cannot be read, or nothing. */
export function whyNone(sheet: Sheet, how: How): string {
  const names = new Facts(sheet, changesOf(sheet, how.baseline, how.by)).names;
  const unknown = [];
  for (const [all, name, sign = "", wanted = "", half] of tokens(how.where)) {
    const begun = bare(half ?? "");
    if (begun && names.has(small(begun))) return `“${all}” is no condition; one is ${begun} < 1`;
    if (name && !names.has(small(name))) unknown.push(bare(name));
    else if (/[<>]/.test(sign) && !rank(small(wanted)))
      return `${sign} compares numbers and dates, not ${wanted}`;
  }
  if (!unknown.length) return `nothing matches “${how.where}”`;
  const known = [...names.values()].filter((name) => !HIDDEN.includes(name));
  return `there is no ${unknown.join(", ")}; there is ${known.join(", ")}`;
}

/** What stands before the condition that is being written. */
export function finished(where: string): string {
  return where.replace(UNFINISHED, "");
}

/** All that can be sorted by and asked for, by name: of a task, and of one of its cells. */
class Facts {
  readonly #sheet: Sheet;
  readonly #changes: Changes | undefined;
  readonly #labels: Map<string, string>;
  /** By how they are written in small letters. */
  readonly names: Map<string, string>;

  constructor(sheet: Sheet, changes: Changes | undefined) {
    this.#sheet = sheet;
    this.#changes = changes;
    this.#labels = new Map(sheet.columns.map(({ id, label }) => [id, label]));
    const names = [...FACTS, ...HIDDEN].filter((name) => changes || name !== "change");
    this.names = new Map([...names, ...sheet.names].map((name) => [name.toLowerCase(), name]));
  }

  of(row: Row, cell: Cell, name: string): unknown {
    if (name in cell.scores) return cell.scores[name];
    if (name in row.values) return row.values[name];
    switch (name) {
      case "number":
        return row.index;
      case "task":
        return row.label;
      case "time":
        return cell.seconds;
      case "outcome":
      case "status":
        return cell.state;
      case "column":
      case "llm":
        return this.#labels.get(cell.column);
      case "change":
        return this.#changes?.get(placeOf(row.id, cell.column));
      case "answer":
        return plain(ANSWER.exec(this.#sheet.cells.get(cell.within)?.html ?? "")?.[1] ?? "");
      default:
        return cell[name as "state"];
    }
  }

  all(row: Row, name: string, cells = this.#sheet.cellsOf(row.id)): unknown[] {
    return cells.map((cell) => this.of(row, cell, name)).filter((value) => (value ?? "") !== "");
  }

  /** Whether the cells that have ended are not all the same in something, as far as they have it. */
  differ(row: Row, cells: Cell[], { sign, wanted }: Condition): boolean {
    const name = wanted === "answer" ? "text" : (this.names.get(wanted) ?? "");
    const values = this.all(row, name, cells.filter(hasEnded));
    return new Set(values.map(said)).size > 1 === (sign !== "!=");
  }
}

function tokens(where: string) {
  return where.replace(SIGN, (sign) => SIGNS[sign] ?? sign).matchAll(TOKEN);
}

/** Conditions and words; what names no fact is words, too. */
function read(where: string, names: Map<string, string>) {
  const conditions: Condition[] = [];
  const words: string[] = [];
  let follows = false;
  // Half a condition is met by nothing, and it is said why.
  for (const [all, left = "", sign = "?", right = "", half = ""] of tokens(where)) {
    const name = names.get(bare(left || half));
    if (name !== undefined) conditions.push({ name, sign, wanted: bare(right) });
    else if (!left && !half && all.startsWith('"')) words.push(bare(all));
    else if (!(follows && all === "and")) words.push(...all.replaceAll('"', "").split(/\s+/));
    follows = name !== undefined;
  }
  return { conditions, words };
}

function fits(value: unknown, { sign, wanted }: Condition): boolean {
  const isThere = (value ?? "") !== "";
  if (wanted === "*") return isThere === (sign !== "!=");
  if (!isThere) return false;
  const text = said(value);
  if (sign === ":") return text.includes(wanted);
  if (/[<>]/.test(sign) && !(rank(text) && rank(text) <= rank(wanted))) return false;
  const order = compare(text, wanted);
  if (sign === "!=") return order !== 0;
  return order === 0 ? sign.includes("=") : sign.startsWith(order < 0 ? "<" : ">");
}

function said(value: unknown): string {
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value).toLowerCase();
}

function bare(text: string): string {
  return text.replace(/^"|"$/g, "");
}

function small(text: string): string {
  return bare(text).toLowerCase();
}

const texts = new WeakMap<Row | Cell, string>();

/** What a part says, which is the same as long as that part is. */
function textIn(part: Row | Cell): string {
  const text = texts.get(part) ?? plain(part.html).toLowerCase();
  texts.set(part, text);
  return text;
}

/** All that a row says. */
function textOf(row: Row, cells: Cell[]): string {
  return [row.label.toLowerCase(), ...[row, ...cells].map(textIn)].join(" ");
}

function plain(html: string): string {
  const text = html.replace(TAG, " ").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
  return text.replaceAll("&amp;", "&");
}

/** Sorts rows by keys that are made once for each; of the same key they stay in order. */
function byKey<Key>(rows: Row[], keyOf: (row: Row) => Key, compare: (a: Key, b: Key) => number) {
  const keys = new Map(rows.map((row) => [row, keyOf(row)]));
  rows.sort((a, b) => compare(keys.get(a) as Key, keys.get(b) as Key));
}

/** By the mean of numbers or by the first text; rows without a value come last either way. */
function sort(facts: Facts, rows: Row[], order: string): void {
  const turn = order.startsWith("-") ? -1 : 1;
  const name = order.replace(/^-/, "");
  byKey(
    rows,
    (row) => keyOf(facts.all(row, name)),
    (x, y) => Number(!x) - Number(!y) || (x && y ? turn * compare(x, y) : 0),
  );
}

function keyOf(values: unknown[]): string | undefined {
  const sum = values.reduce((sum: number, value) => sum + Number(value), 0);
  return Number.isNaN(sum) || !values.length ? values[0]?.toString() : String(sum / values.length);
}

/** Numbers have an order, and dates have one, also beside a number; words have none. */
function rank(text: string): number {
  return Number.isNaN(amount(text)) ? Number(/^\d/.test(text)) : 2;
}

/** Yes and no are 1 and 0 to whoever compares them with numbers. */
function amount(text: string): number {
  return Number(DIGITS[text] ?? text);
}

function compare(a: string, b: string): number {
  const difference = amount(a) - amount(b);
  return Number.isNaN(difference) ? NATURAL.compare(a, b) : difference;
}
