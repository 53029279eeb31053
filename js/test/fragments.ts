import type { Fragment } from "../src/live/wire";

/** A small item of one turn. */
export function item(
  id: string,
  after: string | null,
  { turn = "m1", html = `<div>${id}</div>` } = {},
): Fragment {
  return { id, turn, after, html, since: null, rev: 0 };
}

/** A tool call, which folds. */
export function call(id: string, after: string | null, word: string, turn = "m1"): Fragment {
  const html = `<details class="dari-call"><summary>${word}</summary><dl></dl></details>`;
  return { id, turn, after, html, since: null, rev: 0 };
}

/** Takes an item away. */
export function gone(id: string): Fragment {
  return { id, turn: "", after: null, html: null, since: null, rev: 0 };
}

/** Items in a row, one after another. */
export function row(ids: string[], turn = "m1"): Fragment[] {
  return ids.map((id, index) => item(id, ids[index - 1] ?? null, { turn }));
}
