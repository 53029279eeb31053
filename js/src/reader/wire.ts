/** What the kernel and a view for reading tell each other; `dari_nb/widgets/reader/wire.py` agrees. */

/** What a page knows of every item, shown or not. */
export interface Row {
  id: string;
  turn: string;
  kind: string;
  tool: string;
  flag: string;
  label: string;
  rev: number;
  chars: number;
}

/**
 * The rows from `first` on are those in the buffer; there are `total` in all. A second buffer, where
 * there is one, has the growths of answers that are being written.
 */
export interface Rows {
  kind: "rows";
  n: number;
  first: number;
  total: number;
}

/** Answer to the request `rows`, as after message `n`; the buffer behind `parts` has pieces. */
export interface All {
  n: number;
  parts: number;
}

/** One item as sanitised HTML, of the version `rev`. */
export interface Piece {
  id: string;
  rev: number;
  html: string;
}

/**
 * Version `base` of `of` becomes version `rev` of `id`, an answer or its draft. `base` is 0 where
 * nothing is there yet.
 */
export interface Growth {
  id: string;
  of: string;
  base: number;
  rev: number;
  edits: [number, number, string][];
}

/** Body of the request `fragments`; the answer's buffer is a JSON list of `Piece`. */
export interface Wanted {
  ids: string[];
}

/** Body of the request `find`; the answer is a list of pairs of an id and a count. */
export interface Sought {
  query: string;
}

/** Body of the requests `raw` (answered with JSON text) and `copy` (answered with text). */
export interface Chosen {
  id: string;
  form: string;
}

/** The message of `turn` is the one at `place` of the `count` that were asked there. */
export interface Branch {
  turn: string;
  place: number;
  count: number;
}

/** Body of `branch`, answered with the turn there; for `compare` (HTML) `by` is 0. */
export interface Step {
  turn: string;
  by: number;
}

/** Body of the requests `prompt` (answered with text) and `again` (with the new turn). */
export interface Again {
  turn: string;
  text: string;
}

/**
 * The synced traits; `height` is in pixels. `active` is the id of the item that the reader is at, and `session` that
 * of what it is a transcript of; either may be empty. `note` is what is said about the turn, and
 * `watch` what the button beside it says; empty without one.
 */
export interface State {
  session: string;
  active: string;
  status: string;
  head: string;
  height: number;
  branches: Branch[];
  can_fork: boolean;
  note: string;
  watch: string;
}
