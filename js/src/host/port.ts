import { unique } from "../shared/unique";
import type { Answer, Request } from "./wire";

/** A message from the kernel; `kind` says which of a component's shapes it has. */
export interface Message {
  kind: string;
}

type Receive = (message: Message, buffers: DataView[]) => void;

/** What was asked for, with the bytes that came beside it. */
export interface Reply<Body> {
  body: Body;
  buffers: DataView[];
}

/** The other side of a component: a kernel, or a script on the demo page. */
export interface Port<Traits extends object> {
  get<Name extends keyof Traits & string>(name: Name): Traits[Name];
  set(changes: Partial<Traits>): void;
  /** Calls `listener` after any change of these traits, until `signal` aborts. */
  watch(names: readonly (keyof Traits & string)[], listener: () => void, signal: AbortSignal): void;
  send(message: object, buffers?: ArrayBuffer[]): void;
  /** Hands over every message that is no answer, until `signal` aborts. */
  receive(listener: Receive, signal: AbortSignal): void;
  /** Asks the other side; rejects with an `Error` whose message is for the reader. */
  ask<Body>(what: string, body?: unknown, buffers?: ArrayBuffer[]): Promise<Reply<Body>>;
}

/** Draws one view of the component into `el`, until `signal` aborts. */
export type Draw = (el: HTMLElement, signal: AbortSignal) => void;

/** Listens from the first moment, because messages come before the first view does. */
export type Component<Traits extends object> = (port: Port<Traits>, signal: AbortSignal) => Draw;

/** Causes the error of what was sent: whether the other side has heard it nobody knows. */
export const UNANSWERED = 1;

/** Requests of a page that wait for their answers. */
export class Questions {
  readonly #waiting = new Map<number, [(reply: Reply<never>) => void, (error: Error) => void]>();
  /** Other pages hear all answers, too: each begins with another number. */
  #last = unique();
  #why = "";

  ask<Body>(what: string, body: unknown, send: (request: Request) => void): Promise<Reply<Body>> {
    if (this.#why) return Promise.reject(new Error(this.#why));
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, [resolve as (reply: Reply<never>) => void, reject]);
      send({ kind: "request", id, what, body: body ?? null });
    });
  }

  answered(answer: Answer, buffers: DataView[]): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === null) waiting?.[0]({ body: answer.body as never, buffers });
    else waiting?.[1](new Error(answer.error));
  }

  /** Rejects all that waits, and all that is asked from now on. */
  refuse(why: string): void {
    this.#why = why;
    for (const [, reject] of this.#waiting.values()) reject(new Error(why, { cause: UNANSWERED }));
    this.#waiting.clear();
  }
}

/** Reads buffers that each hold a thing as JSON, or a list of them. */
export function decode<Thing>(buffers: DataView[]): Thing[] {
  return buffers.flatMap((buffer) => JSON.parse(new TextDecoder().decode(buffer)) as Thing[]);
}
