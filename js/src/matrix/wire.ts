/** What kernel and page tell each other. `dari_nb/widgets/matrix/wire.py` has the same shapes. */
import type { Fragment } from "../live/wire";

/** What tasks were given to. */
export interface Column {
  id: string;
  html: string;
}

/** A task; `same` is whether nothing differs on it. */
export interface Row {
  id: string;
  index: number;
  label: string;
  html: string;
  same: boolean;
}

/**
 * One session; `within` is the cell that shows it: itself, or the first of the repeats that came
 * out alike.
 */
export interface Cell {
  id: string;
  row: string;
  column: string;
  repeat: number;
  state: string;
  within: string;
  html: string;
  tint: string;
  scores: Record<string, unknown>;
  notes: Record<string, string>;
}

/** The buffer of a message, as JSON: all columns, and the rows and cells that are new. */
export interface Change {
  columns: Column[];
  rows: Row[];
  cells: Cell[];
}

/**
 * Brings a page that is at `since` to `n`; `matrix` is the number of the matrix that it is of: what
 * a page has of another one goes.
 */
export interface News {
  kind: "news";
  matrix: number;
  since: number;
  n: number;
  kept: number;
}

/**
 * A task that is left; `fit` are its cells that meet the conditions: the place of the column, and
 * as many as there are columns for each repeat before it. `marks` are what became of the
 * task against the baseline, by places of columns.
 */
export interface Left {
  id: string;
  fit: number[];
  marks: Record<string, string>;
}

/** What is left by what is asked for; the buffer is a list of `Left`. `why` is why nothing is. */
export interface Found {
  kind: "found";
  where: string;
  order: string;
  baseline: string;
  score: string;
  blind: boolean;
  why: string;
}

/** A page is at `n` and wants what came since; a new one is at 0. */
export interface Hello {
  kind: "hello";
  n: number;
}

/** The cells that the reader sees and that have not ended. */
export interface Visible {
  kind: "visible";
  cells: string[];
}

/** `cell` and `compare` ask for these cells. */
export interface Question {
  cells: string[];
}

/** A transcript: its head, and its items as the live view has them. */
export interface Opened {
  head: string;
  items: Fragment[];
}

/** What is kept of a cell by a rating; `cells` are all of its place, as they are shown then. */
export interface StoredRating {
  value: number | null;
  note: string;
  kept: number;
  cells: Cell[];
}

/** `rate` asks to keep a value; the note stays as it is. */
export interface Rating {
  cell: string;
  name: string;
  value: number | null;
}

/** `rate` asks to keep a note; the value stays as it is. */
export interface Note {
  cell: string;
  name: string;
  note: string;
}

/** The synced traits. */
export interface State {
  head: string;
  tools: string;
  same: string;
  hint: string;
  shortcuts: string;
  busy: boolean;
  /** What the button does. */
  stop: string;
  blocking: boolean;
  kernel_id: string;
  rating: string;
  blind: boolean;
  where: string;
  order: string;
  baseline: string;
  score: string;
  /** What is compared by. */
  by: string;
  against: string;
  active: string;
  selection: string[];
  status: string;
}
