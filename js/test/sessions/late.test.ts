import { expect, test } from "vitest";
import type { Port, Reply } from "../../src/host/port";
import { sessions } from "../../src/sessions/component";
import type { SessionSummary, State, Wanted } from "../../src/sessions/wire";
import { row } from "./row";

/** A kernel whose rows come at once and whose other answers are given by the test. */
class Side implements Port<State> {
  readonly asked: { what: string; ids: string[]; tell: (body: Record<string, unknown>) => void }[] =
    [];
  readonly #rows = ["s1", "s2", "s3"].map((id) => row(id, { created: `2026-01-0${id[1]}` }));

  readonly #traits: State = { selection: [], active: "", preview: false };

  get = <Name extends keyof State>(name: Name): State[Name] => this.#traits[name];
  set = () => undefined;
  watch = () => undefined;
  send = () => undefined;
  receive = () => undefined;

  ask<Body>(what: string, body?: unknown): Promise<Reply<Body>> {
    if (what === "rows") {
      const bytes = new TextEncoder().encode(JSON.stringify(this.#rows));
      return Promise.resolve({ body: null as Body, buffers: [new DataView(bytes.buffer)] });
    }
    const { ids } = body as Wanted;
    return new Promise((resolve) => {
      this.asked.push({ what, ids, tell: (told) => resolve({ body: told as Body, buffers: [] }) });
    });
  }
}

test("an order by what comes late is that of what came", async () => {
  const port = new Side();
  const el = document.createElement("div");
  sessions(port, new AbortController().signal)(el, new AbortController().signal);
  await expect.poll(() => port.asked.length).toBe(2);
  const asked = [...el.querySelectorAll("th button")].find((one) => one.textContent === "asked");
  (asked as HTMLButtonElement).click();
  const summary = (words: string): SessionSummary => ({ words, turns: 1, cancelled: false });
  for (const { what, tell } of port.asked)
    tell(
      what === "summaries"
        ? { s1: summary("second"), s2: summary("third"), s3: summary("first") }
        : {},
    );
  const words = () =>
    [...el.querySelectorAll("tbody tr")].map(
      (line) => /first|second|third/.exec(line.textContent ?? "")?.[0],
    );
  await expect.poll(words).toEqual(["first", "second", "third"]);
});
