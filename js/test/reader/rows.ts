import type { Row } from "../../src/reader/wire";

/** An item of a transcript, with what a test is about. */
export function row(id: string, fields: Partial<Row> = {}): Row {
  const about = { id, turn: "m1", kind: "user", tool: "", flag: "", label: `label ${id}` };
  return { ...about, rev: 1, chars: 9, ...fields };
}

/** Two turns: what was asked, two calls of which one failed, an answer; and again. */
export const ROWS = [
  row("u1"),
  row("c1", { kind: "tool", tool: "search" }),
  row("c2", { kind: "tool", tool: "read", flag: "error" }),
  row("a1", { kind: "assistant" }),
  row("u2", { turn: "m2" }),
  row("a2", { turn: "m2", kind: "assistant" }),
];
