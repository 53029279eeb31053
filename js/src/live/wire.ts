import type { Question } from "../host/wire";

/** What kernel and page tell each other. `dari_nb/widgets/live/wire.py` has the same shapes. */

/**
 * One rendered timeline item and its place. The buffer of a message is a JSON list of fragments and
 * growths.
 */
export interface Fragment {
  id: string;
  /** Id of the message that the item belongs to. */
  turn: string;
  /** Id of the item before it in display order; `null` for the first of all. */
  after: string | null;
  /** Sanitised by Python; `null` takes the item away. */
  html: string | null;
  /** When an open call began, in seconds after the turn; `null` for everything else. */
  since: number | null;
  /** The number of this version of the item, different from all others of the view. */
  rev: number;
}

/** The item whose version is `base` changes where it stands, and is version `rev` then. */
export interface Growth {
  /** The answer that a draft becomes; `null` leaves it what it is. */
  id: string | null;
  base: number;
  rev: number;
  /** From where to where HTML is taken out, in version `base`, and what comes there; in order. */
  edits: [number, number, string][];
}

export type Change = Fragment | Growth;

/** The next changes. `n` counts batches from 1 without a gap; `elapsed` is in seconds. */
export interface Items {
  kind: "items";
  n: number;
  elapsed: number;
}

/**
 * Everything as it is after batch `n`, in `parts` messages of which this is number `part`. A view
 * that opens begins with one: a page that hears it lacks nothing, and need not ask.
 */
export interface Snapshot {
  kind: "snapshot";
  n: number;
  part: number;
  parts: number;
  elapsed: number;
}

/** A page that has heard nothing from the start asks for everything. */
export interface Hello {
  kind: "hello";
}

/** A page misses the batches from `first` on. */
export interface Resend {
  kind: "resend";
  first: number;
}

export type FromKernel = Items | Snapshot;
export type ToKernel = Hello | Resend;

/** The synced traits; `started` is in seconds of the kernel's clock, `seconds` is final. */
export interface State {
  state: string;
  head: string;
  started: number | null;
  seconds: number | null;
  blocking: boolean;
  kernel_id: string;
  /** Calls that wait for the reader. */
  questions: Question[];
  /** What else the turn waits for. */
  note: string;
  /** What the button does. */
  stop: string;
}
