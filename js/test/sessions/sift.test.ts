import { describe, expect, test } from "vitest";
import {
  asksForWords,
  type Column,
  first,
  type Known,
  lined,
  sift,
  sorted,
} from "../../src/sessions/sift";
import { when } from "../../src/sessions/when";
import type { Row } from "../../src/sessions/wire";
import { row } from "./rows";

const ROWS = [
  row("s1", { name: "Lesson 10", created: "2026-01-01T00:00:00Z", metadata: { lesson: "10" } }),
  row("s2", {
    name: "lesson 9",
    created: "2026-01-03T00:00:00Z",
    metadata: { lesson: "9", who: "Ann" },
  }),
  row("s3", { status: "failed", agent: "tour", created: "2026-01-02T00:00:00Z" }),
];
const KNOWN: Known = {
  summaries: new Map([
    ["s1", { words: "Where is my passport?", turns: 10, cancelled: false }],
    ["s2", { words: "a closure", turns: 2, cancelled: false }],
  ]),
  costs: new Map([
    ["s2", "$0.02"],
    ["s3", "$0.1"],
  ]),
};
const ids = (rows: Row[]) => rows.map(({ id }) => id).join(" ");
const by = (column: Column, descending = false) => ids(sorted(ROWS, { column, descending }, KNOWN));
const found = (query: string) => ids(sift(ROWS, query, KNOWN));

describe("sessions", () => {
  test("are found by text, field and metadata", () => {
    expect(found("")).toBe("s1 s2 s3");
    expect(found("LESSON")).toBe("s1 s2");
    expect(found("who=ann")).toBe("s2");
    expect(found("status=fail")).toBe("s3");
    expect(found("lesson 10")).toBe("s1");
    expect(found("nobody=x")).toBe("");
  });

  test("are found by words of their first message", () => {
    expect(found("passport")).toBe("s1");
    expect(found("my WHERE lesson=10")).toBe("s1");
    expect(["", "lesson=2", "passport", "lesson=2 why"].map(asksForWords)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test("are sorted by column, empty ones last", () => {
    expect(by("asked")).toBe("s2 s1 s3");
    expect(by("asked", true)).toBe("s1 s2 s3");
    expect(by("turns")).toBe("s2 s1 s3");
    expect(by("when", true)).toBe("s2 s3 s1");
    expect(by("cost")).toBe("s2 s3 s1");
    expect(by("agent")).toBe("s1 s2 s3");
  });

  test("of a run are one line", () => {
    const rows = [
      row("s5", { run: "triage", task: "10" }),
      row("s4"),
      row("s3", { run: "triage", task: "9" }),
    ];
    const lines = lined(rows);
    expect(lines.map(({ key, rows }) => [key, ids(rows)])).toEqual([
      ["run:triage", "s5 s3"],
      ["s4", "s4"],
    ]);
    expect(lines.map((line) => first(line).id)).toEqual(["s3", "s4"]);
  });

  test("have a time by the reader's clock", () => {
    const now = new Date(2026, 2, 30, 0, 5);
    const at = (...parts: [number, number, number, number]) =>
      when(new Date(2026, ...parts).toISOString(), now)[0];
    expect(at(2, 30, 0, 1)).toBe("today 00:01");
    expect(at(2, 29, 23, 59)).toBe("yesterday 23:59");
    expect(at(2, 28, 23, 59)).toBe("2026-03-28 23:59");
    expect(when("", now)).toEqual(["", ""]);
  });
});
