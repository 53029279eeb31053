import { describe, expect, test } from "vitest";
import { type Column, sift, sorted } from "../../src/sessions/sift";
import type { Row } from "../../src/sessions/wire";

function row(id: string, fields: Partial<Row> = {}): Row {
  return {
    id,
    status: "completed",
    agent: "echo",
    llm: "",
    name: "",
    created: "",
    metadata: {},
    ...fields,
  };
}

const ROWS = [
  row("s1", { name: "Lesson 10", created: "2026-01-01T00:00:00Z", metadata: { lesson: "10" } }),
  row("s2", {
    name: "lesson 9",
    created: "2026-01-03T00:00:00Z",
    metadata: { lesson: "9", who: "Ann" },
  }),
  row("s3", { status: "failed", agent: "tour", created: "2026-01-02T00:00:00Z" }),
];
const ids = (rows: Row[]) => rows.map(({ id }) => id).join(" ");
const by = (column: Column, descending = false) =>
  ids(
    sorted(
      ROWS,
      { column, descending },
      new Map([
        ["s2", "$0.02"],
        ["s3", "$0.1"],
      ]),
    ),
  );

describe("sessions", () => {
  test("are found by any text, by column and by metadata", () => {
    expect(ids(sift(ROWS, ""))).toBe("s1 s2 s3");
    expect(ids(sift(ROWS, "LESSON"))).toBe("s1 s2");
    expect(ids(sift(ROWS, "who=ann"))).toBe("s2");
    expect(ids(sift(ROWS, "status=fail"))).toBe("s3");
    expect(ids(sift(ROWS, "lesson 10"))).toBe("s1");
    expect(ids(sift(ROWS, "nobody=x"))).toBe("");
  });

  test("are sorted by any column, numbers as numbers, the empty last", () => {
    expect(by("name")).toBe("s2 s1 s3");
    expect(by("name", true)).toBe("s1 s2 s3");
    expect(by("created", true)).toBe("s2 s3 s1");
    expect(by("cost")).toBe("s2 s3 s1");
    expect(by("metadata")).toBe("s2 s1 s3");
  });
});
