import type { Fragment, Growth } from "../live/wire";

/** What kernel and player tell each other. `dari_nb/widgets/player/wire.py` has the same shapes. */

/** A mark after so many steps of its turn; the playback stops where it has a question. */
export interface Mark {
  id: string;
  steps: number;
  /** When that is, in seconds from the turn's beginning. */
  at: number;
  text: string;
  ask: string | null;
  /** What it asks, or else says, as sanitised HTML. */
  html: string;
  /** What the reader wrote; `null` where nobody was asked yet. */
  answer: string | null;
}

/** What a page knows of a turn before it looks into it. */
export interface Chapter {
  /** In seconds of the whole. */
  begins: number;
  /** How long what may be seen of it takes. */
  seconds: number;
  /** How many steps it has that may be seen. */
  steps: number;
  label: string;
  agent: string;
  llm: string;
  /** Stands above it, where the tape goes on in another session; else empty. */
  part: string;
  /** What all turns up to its end have cost. */
  spent: string;
  /** When something new is seen and when something fails, in seconds from its beginning. */
  items: number[];
  errors: number[];
  marks: Mark[];
}

/** Answer to `outline` and `reply`; its buffer holds the chapters up to the first open question. */
export interface Outline {
  /** Of all turns, seen or not. */
  seconds: number;
  turns: number;
  /** Says how many turns of the tape are left out. */
  left_out: string;
  /** Why none plays, where none does. */
  nothing: string;
  /** Says that questions had been answered before. */
  answered: string;
}

/** Body of `turn`: the buffer of its answer holds a list of `Step`, those that may be seen. */
export interface Wanted {
  number: number;
}

/** What changes with one step. */
export interface Step {
  /** In seconds from the turn's beginning. */
  at: number;
  changes: (Fragment | Growth)[];
}

/** Body of `reply`: what the reader expects at a mark. */
export interface Reply {
  id: string;
  text: string;
  /** The page that skips it, unless something is written there in another one; else empty. */
  page: string;
}

/** Body of `draft`: what is written at a mark in a page and not sent; with no text it is none. */
export interface Draft {
  id: string;
  page: string;
  text: string;
}

/** The synced traits. */
export interface State {
  /** Where the reader is, in seconds of the whole. */
  at: number;
  playing: boolean;
  /** How many times as fast it plays. */
  speed: number;
  /** How many seconds it waits at most; `null` for as long as it took. */
  idle_limit: number | null;
  height: number;
  /** What is written at questions and not sent, by the marks' ids and the pages that told it last. */
  drafts: Record<string, Record<string, string>>;
  /** How many questions were answered or skipped, here or in another page. */
  replies: number;
  /** Whose drafts these are: tells one tape with one file of answers from others. */
  scope: string;
}
