import { type Message, type Port, Questions } from "../src/host/port";

type Receive = (message: Message, buffers: DataView[]) => void;
type Answer = (what: string, body: never, buffers: ArrayBuffer[]) => unknown;

/** Why a kernel that is gone answers nothing. */
export const GONE = "The kernel is gone.";

/** A list of things as the buffer of a message. */
export function buffer(things: unknown): DataView {
  return new DataView(new TextEncoder().encode(JSON.stringify(things)).buffer);
}

/** An answer that has buffers, one for each list. */
export class Buffers {
  readonly body: unknown;
  readonly lists: unknown[];

  constructor(body: unknown, ...lists: unknown[]) {
    [this.body, this.lists] = [body, lists];
  }
}

/** The kernel's side of a view, played by a test. */
export class FakePort<Traits extends object> implements Port<Traits> {
  /** The messages that arrived here, other than requests. */
  readonly sent: object[] = [];
  /** The requests that arrived here. */
  readonly asked: [what: string, body: unknown][] = [];
  readonly traits: Traits;
  /** Answers requests; throws what is refused. */
  answer: Answer;
  readonly #changed = new EventTarget();
  readonly #questions = new Questions();
  readonly #receivers = new Set<Receive>();

  constructor(traits: Traits, answer: Answer = () => null) {
    [this.traits, this.answer] = [{ ...traits }, answer];
  }

  /** The bodies of the requests of one kind. */
  bodies(what: string): unknown[] {
    return this.asked.filter(([kind]) => kind === what).map(([, body]) => body);
  }

  /** Changes traits as the kernel does: all of them, then tells of each. */
  push(changes: Partial<Traits>): void {
    const names = Object.keys(changes).filter((name) => this.#differs(name, changes));
    Object.assign(this.traits, changes);
    for (const name of names) this.#changed.dispatchEvent(new Event(name));
  }

  /** Sends a message from the kernel, with a buffer for each list. */
  tell(message: object, ...lists: unknown[]): void {
    for (const receive of this.#receivers) receive(message as Message, lists.map(buffer));
  }

  /** Ends the kernel: requests that wait are refused, and later ones don't arrive. */
  leave(): void {
    this.#questions.refuse(GONE);
  }

  get<Name extends keyof Traits & string>(name: Name): Traits[Name] {
    return this.traits[name];
  }

  set(changes: Partial<Traits>): void {
    for (const [name, value] of Object.entries(changes)) this.push({ [name]: value } as never);
  }

  watch(names: readonly (keyof Traits & string)[], listener: () => void, signal: AbortSignal) {
    for (const name of names) this.#changed.addEventListener(name, listener, { signal });
  }

  send(message: object): void {
    this.sent.push(message);
  }

  receive(listener: Receive, signal: AbortSignal): void {
    this.#receivers.add(listener);
    signal.addEventListener("abort", () => this.#receivers.delete(listener));
  }

  ask<Body>(what: string, body?: unknown, buffers: ArrayBuffer[] = []) {
    return this.#questions.ask<Body>(what, body, ({ id }) => {
      this.asked.push([what, body]);
      void this.#reply(id, what, body, buffers);
    });
  }

  async #reply(id: number, what: string, body: unknown, buffers: ArrayBuffer[]): Promise<void> {
    let [told, error]: [unknown, string | null] = [null, null];
    try {
      told = await this.answer(what, body as never, buffers);
    } catch (refused) {
      error = (refused as Error).message;
    }
    const answer = told instanceof Buffers ? told : new Buffers(told);
    const message = { kind: "answer", id, error, body: answer.body } as const;
    this.#questions.answered(message, answer.lists.map(buffer));
  }

  #differs(name: string, changes: Partial<Traits>): boolean {
    const [before, after] = [this.traits, changes].map((all) => all[name as keyof Traits]);
    return JSON.stringify(before) !== JSON.stringify(after);
  }
}
