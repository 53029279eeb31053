import { expect, test } from "vitest";
import { changesOf } from "../../src/matrix/changes";
import { Sheet } from "../../src/matrix/sheet";
import { finished, sift, whyNone } from "../../src/matrix/sift";
import type { Change } from "../../src/matrix/wire";
import told from "./conditions.json";
import { cell, column, row } from "./matrices";

const ALL = { where: "", order: "", baseline: "", by: "right" };

function sheetOf(change: Partial<Change>): Sheet {
  const sheet = new Sheet();
  const columns = [column("small"), column("large")];
  sheet.apply({ columns, rows: [], cells: [], ...change });
  return sheet;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** As the kernel tells a cell. */
function cellOf(one: unknown[]) {
  const [rowId, columnId, repeat, state, answer, seconds, cost, scores] = one as [
    ...[string, string, number, string, string, number | null, string | null],
    Record<string, unknown>,
  ];
  const html = answer ? `<p>${escaped(answer)} <b>1×</b></p>` : "";
  const amount = cost === null ? null : Number(cost);
  return cell(rowId, columnId, {
    repeat,
    state,
    html,
    text: answer,
    seconds,
    cost: amount,
    scores,
  });
}

const sheet = sheetOf({
  rows: told.rows.map((one) => {
    const [id, index, label, values] = one as [string, number, string, Record<string, string>];
    return { ...row(id, index, values), label, html: `<p>${escaped(label)}</p>` };
  }),
  cells: told.cells.map(cellOf),
});

test.each(told.cases.map((one) => [JSON.stringify(one), one] as const))("%s", (_, one) => {
  const how = {
    where: one.where,
    order: one.order ?? "",
    baseline: one.baseline ?? "",
    by: one.score ?? "right",
  };
  const { rows, fit } = sift(sheet, how);
  expect(rows.join("")).toBe(one.rows);
  if (one.cells) expect([...fit].sort()).toEqual(one.cells.split(" ").sort());
});

test.each(told.none)("where nothing is left of %s it is said why", (where, why) => {
  expect(whyNone(sheet, { ...ALL, where: where as string })).toBe(why);
});

test.each(["right > banana", "tier<= gold", 'cost > "a lot"'])(
  "of %s it is said that only numbers and dates have an order",
  (where) => {
    const [, sign, wanted] = /(<=|>) ?(.*)/.exec(where) as RegExpExecArray;
    expect(whyNone(sheet, { ...ALL, where })).toBe(
      `${sign} compares numbers and dates, not ${wanted}`,
    );
  },
);

test.each(["right > Yes", "cost > 99", "day < 2020-01-01"])("%s may match nothing", (where) => {
  expect(whyNone(sheet, { ...ALL, where })).toBe(`nothing matches “${where}”`);
});

test("what got worse is told for each column, and without a score nothing is", () => {
  const changes = changesOf(sheet, "small", "right");
  expect(
    [...(changes ?? [])].map(([place, change]) => `${place.replace("\n", "/")} ${change}`),
  ).toEqual(["a/large worse", "b/large better", "c/large none", "d/large alike"]);
  expect(changesOf(sheet, "small", "")).toBeUndefined();
  expect(changesOf(sheet, "nothing", "right")?.size).toBe(0);
});

test.each([
  ["", ""],
  ["ri", ""],
  ["right = n", ""],
  ["right = no ", "right = no "],
  ["right = no to", "right = no "],
  ['right = no "my topic" = "far', "right = no "],
])("of %s what stands before the condition being written is %s", (where, before) => {
  expect(finished(where)).toBe(before);
});

test("rows stand in the order of the tasks, whenever they came", () => {
  const late = sheetOf({ rows: [row("z", 1), row("y", 0)] });
  expect(sift(late, ALL).rows).toEqual(["y", "z"]);
});

test("what differs by ratings alone comes after what differs, and what is the same last", () => {
  const rows = [2, 1, 0, 1].map((same, index) => ({ ...row(`r${index}`, index), same }));
  const cells = rows.map(({ id }) => cell(id, "small"));
  expect(sift(sheetOf({ rows, cells }), ALL).rows).toEqual(["r2", "r1", "r3", "r0"]);
});

test("what failed beside answers that wait for their score is not worse, as in the kernel", () => {
  const cells = [
    cell("a", "small", { state: "completed", scores: { right: 1 } }),
    cell("a", "large", { state: "failed" }),
    cell("a", "large", { repeat: 1, state: "completed" }),
  ];
  const rows = [row("a", 0)];
  const of = (one: typeof cells) => [
    ...(changesOf(sheetOf({ rows, cells: one }), "small", "right")?.values() ?? []),
  ];
  expect(of(cells)).toEqual(["none"]);
  expect(of(cells.slice(0, 2))).toEqual(["worse"]);
});

test("a row is ranked once, however many rows there are to sort", () => {
  const rows = Array.from({ length: 200 }, (_, n) => row(`r${n}`, 199 - n));
  const all = sheetOf({ rows, cells: rows.map(({ id }) => cell(id, "small")) });
  let asked = 0;
  const columns = all.columns;
  Object.defineProperty(all, "columns", { get: () => ++asked && columns });
  sift(all, { ...ALL, baseline: "small" });
  expect(asked).toBeLessThan(3 * rows.length);
});
