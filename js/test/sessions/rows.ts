import { sessions } from "../../src/sessions/component";
import type { Row, State, Wanted } from "../../src/sessions/wire";
import { Buffers, FakePort } from "../port";
import { eventually, find, show } from "../view";

/** A session as a row of the table, with what a test is about. */
export function row(id: string, fields: Partial<Row> = {}): Row {
  const about = { id, status: "completed", agent: "echo", llm: "", name: "", created: "" };
  return { ...about, metadata: {}, run: "", task: "", ...fields };
}

/** Three sessions, the newest first, of which the last two belong to a run. */
export const THREE = [
  row("s3", { created: "2026-01-03T00:00:00Z", metadata: { n: "3" } }),
  row("s2", { created: "2026-01-02T00:00:00Z", run: "triage", task: "1" }),
  row("s1", { created: "2026-01-01T00:00:00Z", run: "triage", task: "0" }),
];

/** A kernel with sessions. */
export class SessionsPort extends FakePort<State> {
  words: Record<string, string> = {};
  costs: Record<string, string> = {};

  constructor(rows: Row[] = THREE, changes: Partial<State> = {}) {
    super({ active: "", selection: [], preview: true, ...changes });
    this.answer = (what, body) => {
      if (what === "rows") return new Buffers(null, rows);
      if (what === "open") return `<p>transcript of ${(body as { id: string }).id}</p>`;
      const { ids }: Wanted = body;
      const told = (id: string) =>
        what === "costs"
          ? (this.costs[id] ?? "")
          : { words: this.words[id] ?? `words of ${id}`, turns: 1, cancelled: false };
      return Object.fromEntries(ids.map((id) => [id, told(id)]));
    };
  }
}

export const line = (key: string) => find(`tr[data-id="${key}"]`);

/** Shows a table of sessions. */
export async function shown(port = new SessionsPort()): Promise<SessionsPort> {
  show(sessions, port);
  await eventually(() => find("tbody tr"));
  return port;
}
