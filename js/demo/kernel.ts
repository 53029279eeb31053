/** The other side of a view, played by a script. */
import type { Message, Port } from "../src/host/port";

type Receive = (message: Message, buffers: DataView[]) => void;
/** The body of an answer, and the lists that go as its buffers. */
export type Told = [body: unknown, ...lists: unknown[]];

/** A kernel that has some traits, answers requests, and speaks first when `tell` is called. */
export function kernel<Traits extends object>(
  traits: Traits,
  answer: (what: string, body: never) => Told | Promise<Told>,
) {
  const changed = new EventTarget();
  const state = { ...traits };
  let receive: Receive = () => undefined;
  const port: Port<Traits> = {
    get: (name) => state[name],
    set(changes) {
      Object.assign(state, changes);
      changed.dispatchEvent(new Event("change"));
    },
    watch: (_, listener, signal) => changed.addEventListener("change", listener, { signal }),
    send: (message) => console.info("to the kernel", message),
    receive(listener) {
      receive = listener;
    },
    async ask(what, body) {
      const [told, ...lists] = await answer(what, body as never);
      return { body: told as never, buffers: lists.map(bufferOf) };
    },
  };
  const tell = (message: Message, ...lists: unknown[]) => receive(message, lists.map(bufferOf));
  return { port, tell };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function bufferOf(list: unknown): DataView {
  return new DataView(new TextEncoder().encode(JSON.stringify(list)).buffer);
}
