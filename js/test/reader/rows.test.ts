// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import { Rows } from "../../src/reader/rows";
import type { Row } from "../../src/reader/wire";
import { ROWS, row } from "./rows";

const ITEMS = [...ROWS.slice(0, 5), row("p2", { turn: "m2", kind: "assistant", flag: "pending" })];
const choose = (rows: Rows, kinds: string[], tool = "") => {
  rows.choose({ kinds: new Set(kinds), tool });
  return rows.shown.map(({ id }) => id);
};

let rows: Rows;
beforeEach(() => {
  rows = new Rows();
  rows.replace(0, ITEMS);
});

describe("rows", () => {
  test("are all shown without a choice", () => {
    expect(choose(rows, [])).toEqual(["u1", "c1", "c2", "a1", "u2", "p2"]);
  });

  test("are chosen by kinds and a tool", () => {
    expect(choose(rows, ["you", "answers"])).toEqual(["u1", "a1", "u2"]);
    expect(choose(rows, ["errors"])).toEqual(["c2"]);
    expect(choose(rows, ["pending"])).toEqual(["p2"]);
    expect(choose(rows, ["tools"], "search")).toEqual(["c1"]);
    expect(choose(rows, [], "read")).toEqual(["c2"]);
  });

  test("keep the filter when more come", () => {
    choose(rows, ["you"]);
    rows.replace(6, [row("u3", { turn: "m3" })]);
    expect(rows.shown.map(({ id }) => id)).toEqual(["u1", "u2", "u3"]);
    rows.replace(4, []);
    expect(rows.shown.map(({ id }) => id)).toEqual(["u1"]);
  });

  test("are refused after a gap", () => {
    expect(rows.replace(9, [row("x")])).toBe(false);
    expect(rows.all).toHaveLength(6);
  });

  test("lead to the next of a kind, both ways and around the end", () => {
    const tool = ({ kind }: Row) => kind === "tool";
    expect(rows.next(-1, 1, tool)).toBe(1);
    expect(rows.next(2, 1, tool)).toBe(1);
    expect(rows.next(1, -1, tool)).toBe(2);
    expect(rows.next(0, 1, () => false)).toBeUndefined();
  });

  test("begin a turn with its first shown row", () => {
    choose(rows, ["answers", "pending"]);
    expect([rows.begins(0), rows.begins(1)]).toEqual([true, true]);
    expect(rows.tools).toEqual(["read", "search"]);
    expect(rows.count("tools")).toBe(2);
  });
});
