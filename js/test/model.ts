import type { AnyModel } from "@anywidget/types";
import type { FakePort } from "./port";

type Heard = (...args: unknown[]) => void;
type Request = { kind: string; id: number; what: string; body: unknown };

/** A model as anywidget hands it over, with a fake port as its kernel. */
export class FakeModel {
  readonly #port: FakePort<object>;
  readonly #ends: { name: string; heard: Heard; end: AbortController }[] = [];

  constructor(port: FakePort<never>) {
    this.#port = port as unknown as FakePort<object>;
  }

  get model(): AnyModel {
    return this as unknown as AnyModel;
  }

  /** How many listeners there are. */
  get listening(): number {
    return this.#ends.length;
  }

  get(name: string): unknown {
    return this.#port.get(name as never);
  }

  set(name: string, value: unknown): void {
    if (typeof name === "string") this.#port.set({ [name]: value });
  }

  save_changes(): void {}

  send(message: Request): void {
    if (message.kind !== "request") {
      this.#port.send(message);
      return;
    }
    const { id, what, body } = message;
    const answer = { kind: "answer", id, error: null as string | null, body: null as unknown };
    this.#port.ask(what, body).then(
      (reply) => this.#hears({ ...answer, body: reply.body }, reply.buffers),
      (error: Error) => this.#hears({ ...answer, error: error.message }, []),
    );
  }

  on(name: string, heard: Heard): void {
    const end = new AbortController();
    this.#ends.push({ name, heard, end });
    if (name === "msg:custom") this.#port.receive(heard, end.signal);
    else this.#port.watch([name.replace("change:", "") as never], () => heard(), end.signal);
  }

  off(name: string, heard: Heard): void {
    const place = this.#ends.findIndex((one) => one.name === name && one.heard === heard);
    if (place >= 0) this.#ends.splice(place, 1)[0]?.end.abort();
  }

  #hears(message: object, buffers: DataView[]): void {
    const lists = buffers.map((one) => JSON.parse(new TextDecoder().decode(one)));
    this.#port.tell(message, ...lists);
  }
}
