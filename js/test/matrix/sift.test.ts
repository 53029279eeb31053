import { expect, test } from "vitest";
import { Sheet } from "../../src/matrix/sheet";
import { sift, whyNone } from "../../src/matrix/sift";
import type { Change } from "../../src/matrix/wire";
import { cell, column, row } from "./matrices";

const ALL = { filter: "", order: "", only: "" };

function sheetOf(change: Partial<Change>): Sheet {
  const sheet = new Sheet();
  sheet.apply({ columns: [column("s"), column("l")], rows: [], cells: [], ...change });
  return sheet;
}

const sheet = sheetOf({
  rows: [
    row("a", 0, { tier: "gold", size: "10" }),
    row("b", 1, { tier: "basic", size: "9" }),
    row("c", 2, { tier: "Gold", size: "" }),
  ],
  cells: [
    cell("a", "s", { scores: { reward: 1, label: "good" }, tools: "x", seconds: 3 }),
    cell("a", "l", { scores: { reward: 0 }, tools: "x", html: "<p>1 &lt; 2 &amp; so on</p>" }),
    cell("b", "s", { scores: { reward: 0 }, text: "u", tools: "x" }),
    cell("b", "l", { scores: { reward: 0 }, tools: "y" }),
    cell("c", "s", { state: "failed" }),
    cell("c", "l", { state: "running", text: "half" }),
  ],
});

test.each([
  ["", "abc"],
  ["TASK", "abc"],
  ["task answer b", "b"],
  ['"answer b l"', "b"],
  ["1 < 2 & so", "a"],
  ["tier=gold", "ac"],
  ["tier:ol", "ac"],
  ["size>9", "a"],
  ["size>=9", "ab"],
  ["reward<1", "ab"],
  ["reward=1", "a"],
  ["reward>0 tier=gold", "a"],
  ["state=failed", "c"],
  ["seconds<5", "a"],
  ["label=good", "a"],
  ["time<5", "a"],
  ["nothing=here", ""],
])("the filter %s keeps %s", (filter, rows) => {
  expect(sift(sheet, { ...ALL, filter }).join("")).toBe(rows);
});

const yes = sheetOf({
  rows: [row("a", 0), row("b", 1), row("c", 2)],
  cells: [
    cell("a", "s", { state: "failed" }),
    cell("a", "l", { scores: { right: false } }),
    cell("b", "s", { scores: { right: true } }),
    cell("b", "l"),
    cell("c", "s"),
  ],
});

test.each([
  ["right<1", "a"],
  ["right=0", "a"],
  ["right=no", "a"],
  ["right:no", "a"],
  ["right<0.5", "a"],
  ["right=false", "a"],
  ["Right=yes", "b"],
  ["right>0", "b"],
  ["right==1", "b"],
])("of a score that is yes or no %s keeps %s", (filter, rows) => {
  expect(sift(yes, { ...ALL, filter }).join("")).toBe(rows);
});

test("what only some cells have makes no difference", () => {
  expect(sift(yes, { ...ALL, only: "right" })).toEqual([]);
});

test.each([
  [
    "lenght<30 task right=no",
    "there is no lenght; there is number, task, state, time, cost, right",
  ],
  ["right=no words", "nothing matches “right=no words”"],
  ["right<<1", "“right<<1” is no condition; one is right<1"],
  ["words Right<", "“Right<” is no condition; one is Right<1"],
  ["http://x", "there is no http; there is number, task, state, time, cost, right"],
])("where nothing is left of %s it is said why", (filter, why) => {
  expect(whyNone(yes, { ...ALL, filter })).toBe(why);
});

test("that no task differs in something is said, too", () => {
  expect(whyNone(yes, { ...ALL, only: "right" })).toBe("none differs in right");
});

test.each([
  ["task", "abc"],
  ["-task", "cba"],
  ["tier", "bac"],
  ["size", "bac"],
  ["-size", "abc"],
  ["reward", "bac"],
  ["-reward", "abc"],
  ["cost", "abc"],
])("the order %s is %s, and what has no value is last", (order, rows) => {
  expect(sift(sheet, { ...ALL, order }).join("")).toBe(rows);
});

test.each([
  ["text", "b"],
  ["tools", "b"],
  ["state", ""],
  ["reward", "a"],
])("cells that have ended differ in %s in the rows %s", (only, rows) => {
  expect(sift(sheet, { ...ALL, only }).join("")).toBe(rows);
});

test("rows stand in the order of the tasks, whenever they came", () => {
  const late = sheetOf({ rows: [row("z", 1), row("y", 0)] });
  expect(sift(late, ALL)).toEqual(["y", "z"]);
});
