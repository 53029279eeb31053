import type { Question } from "../shared/wire";

/** What kernel and page tell each other. `dari_nb/widgets/live/wire.py` has the same shapes. */

/** One rendered timeline item and its place; the buffer of a message is a JSON list of these. */
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
}

/** The next changes. `n` counts batches from 1 without a gap; `elapsed` is in seconds. */
export interface Items {
  kind: "items";
  n: number;
  elapsed: number;
}

/** Everything as it is after batch `n`, in `parts` messages of which this is number `part`. */
export interface Snapshot {
  kind: "snapshot";
  n: number;
  part: number;
  parts: number;
  elapsed: number;
}

/** A page that has just opened asks for everything. */
export interface Hello {
  kind: "hello";
}

/** A page misses the batches from `first` on. */
export interface Resend {
  kind: "resend";
  first: number;
}

/** The reader wants no more of it. */
export interface Stop {
  kind: "stop";
}

export type FromKernel = Items | Snapshot;
export type ToKernel = Hello | Resend | Stop;

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
}
