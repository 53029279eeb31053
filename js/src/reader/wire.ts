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

/** The rows from `first` on are those in the buffer; there are `total` in all. */
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

/** The synced traits; `at` is the id of the item to begin with, `height` is in pixels. */
export interface State {
  state: string;
  head: string;
  at: string;
  height: number;
}
