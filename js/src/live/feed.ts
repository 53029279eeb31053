import type { Change, Fragment, FromKernel, Snapshot, ToKernel } from "./wire";

/** What a feed needs of its surroundings. */
export interface Port {
  send(message: ToKernel): void;
  apply(changes: Change[]): void;
  replace(fragments: Fragment[]): void;
}

/** A fresh widget says at once that there is nothing yet; who has not heard that is late, and asks. */
export const HELLO_AFTER_MS = 150;
/** A kernel that is busy with a cell cannot answer: then showing most is better than waiting. */
export const GIVE_UP_AFTER_MS = 1500;

/** Brings numbered batches in order, asks for those that got lost, and for all of them when late. */
export class Feed {
  readonly #port: Port;
  readonly #early = new Map<number, Change[]>();
  #applied = 0;
  #complete = true;
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #snapshot: { n: number; parts: Fragment[][] } = { n: 0, parts: [] };

  constructor(port: Port) {
    this.#port = port;
    this.#timer = setTimeout(() => this.#hello(), HELLO_AFTER_MS);
  }

  receive(message: FromKernel, changes: Change[]): void {
    if (message.kind === "snapshot") this.#collect(message, changes as Fragment[]);
    else if (message.n > this.#applied) this.#early.set(message.n, changes);
    this.#drain();
    if (this.#early.size > 0 && !this.#asked) this.#askForGap();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #hello(): void {
    this.#port.send({ kind: "hello" });
  }

  #drain(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#early.delete(++this.#applied);
      this.#port.apply(next);
      this.#gotOn();
    }
  }

  #next(): Change[] | undefined {
    return this.#early.get(this.#applied + 1);
  }

  #gotOn(): void {
    clearTimeout(this.#timer);
    this.#asked = false;
  }

  #askForGap(): void {
    clearTimeout(this.#timer);
    this.#asked = true;
    this.#timer = setTimeout(() => this.#skipGap(), GIVE_UP_AFTER_MS);
    // All of it as it is now is less than all that it came by.
    if (this.#applied === 0) this.#hello();
    else this.#port.send({ kind: "resend", first: this.#applied + 1 });
  }

  #skipGap(): void {
    this.#complete = false;
    this.#applied = Math.min(...this.#early.keys()) - 1;
    this.#drain();
    this.#hello();
    if (this.#early.size > 0) this.#askForGap();
  }

  /** A snapshot is for whoever lacks something; a page that has all of it pays it no attention. */
  #collect(message: Snapshot, fragments: Fragment[]): void {
    if (message.part === 0) this.#snapshot = { n: message.n, parts: [] };
    if (this.#snapshot.n !== message.n) return;
    this.#snapshot.parts.push(fragments);
    const behind = message.n > this.#applied || !this.#complete;
    if (!behind && this.#early.size === 0) this.#gotOn();
    if (!behind || this.#snapshot.parts.length < message.parts) return;
    this.#port.replace(this.#snapshot.parts.flat());
    this.#applied = Math.max(message.n, this.#applied);
    this.#complete = true;
    for (const n of this.#early.keys()) if (n <= this.#applied) this.#early.delete(n);
    this.#gotOn();
  }
}
