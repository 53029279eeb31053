import { vi } from "vitest";
import type { Reply } from "../../src/host/port";

type Answer = (what: string, body: never) => unknown;

/** The other side of a chat: traits, and answers given by the test. */
export function port(traits: Record<string, unknown>, answer: Answer) {
  const watching = new Map<string, (() => void)[]>();
  const ask = vi.fn(async (what: string, body: unknown): Promise<Reply<unknown>> => {
    return { body: await answer(what, body as never), buffers: [] };
  });
  return {
    ask,
    get: (name: string) => traits[name],
    watch(names: string[], listener: () => void) {
      for (const name of names) watching.set(name, [...(watching.get(name) ?? []), listener]);
    },
    set(changes: Record<string, unknown>) {
      Object.assign(traits, changes);
      for (const name of Object.keys(changes)) for (const tell of watching.get(name) ?? []) tell();
    },
  };
}
