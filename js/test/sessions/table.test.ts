import { describe, expect, test } from "vitest";
import { lined } from "../../src/sessions/sift";
import { Table } from "../../src/sessions/table";
import type { Row } from "../../src/sessions/wire";
import { row } from "./row";

const ROW = row("s1");

/** A table of some rows, and what it was told to do. */
function tableOf(rows: Row[]): { table: Table; wished: string[] } {
  const wished: string[] = [];
  const table = new Table(
    {
      sort: (column) => wished.push(`sort ${column}`),
      toggle: (key, range) => wished.push(`toggle ${key}${range ? " range" : ""}`),
      open: (key) => wished.push(`open ${key}`),
    },
    new AbortController().signal,
  );
  const lines = lined(rows);
  table.show(
    {
      lines,
      known: {
        summaries: new Map([["s1", { words: "Hi", turns: 1, cancelled: false }]]),
        costs: new Map(),
      },
      selection: new Set(),
      opened: "",
      unfolded: new Set(),
      sizes: new Map(lines.map((line) => [line.key, line.rows.length])),
    },
    { column: "when", descending: true },
  );
  return { table, wished };
}

describe("a click in a row", () => {
  test.each(["td:nth-child(2)", "td button", "td:nth-child(3)", "td:last-child", "tr"])(
    "opens the session once, on %s",
    (place) => {
      const { table, wished } = tableOf([ROW]);
      table.element.querySelector<HTMLElement>(`tbody ${place}`)?.click();
      expect(wished).toEqual(["open s1"]);
    },
  );

  test.each(["td:first-child", "input"])("chooses it on %s, where the box is", (place) => {
    const { table, wished } = tableOf([ROW]);
    table.element.querySelector<HTMLElement>(`tbody ${place}`)?.click();
    expect(wished).toEqual(["toggle s1"]);
  });
});

test("a run says how many sessions it has, one or several", () => {
  const one = { ...ROW, run: "triage" };
  expect(tableOf([one]).table.element.textContent).toContain("run “triage”, 1 session");
  expect(tableOf([one]).table.element.textContent).not.toContain("1 sessions");
  const two = [one, { ...one, id: "s2" }];
  expect(tableOf(two).table.element.textContent).toContain("run “triage”, 2 sessions");
});
