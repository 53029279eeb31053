import { liveTranscript } from "../../src/live/component";
import type { Change, State } from "../../src/live/wire";
import { FakePort } from "../port";
import { show } from "../view";

const STATE: State = {
  state: "running",
  head: "<strong>librarian</strong>",
  started: null,
  seconds: null,
  blocking: false,
  kernel_id: "k-1",
  questions: [],
  note: "",
  stop: "Stop watching",
};

/** A kernel whose turn runs. */
export class LivePort extends FakePort<State> {
  #n = 0;

  constructor(changes: Partial<State> = {}) {
    super({ ...STATE, ...changes });
  }

  /** Tells the next changes. */
  items(...changes: Change[]): void {
    this.batch(this.#n + 1, ...changes);
  }

  /** Tells the changes of a number. */
  batch(n: number, ...changes: Change[]): void {
    this.#n = n;
    this.tell({ kind: "items", n, elapsed: 0 }, changes);
  }

  /** Tells all that there is after a number. */
  snapshot(n: number, ...changes: Change[]): void {
    this.tell({ kind: "snapshot", n, part: 0, parts: 1, elapsed: 0 }, changes);
  }
}

/** Shows a live turn. */
export function shown(port = new LivePort()): LivePort {
  show(liveTranscript, port);
  return port;
}
