/** A session browser with no kernel. */
import { sessions } from "../src/sessions/component";
import type { Chosen, Row, State, Wanted } from "../src/sessions/wire";
import { kernel } from "./kernel";

const STATES = ["completed", "completed", "failed", "running"];
const AGENTS = ["librarian", "calculator", "tour"];

const rows: Row[] = Array.from({ length: 1000 }, (_, index) => ({
  id: `sess_${index}`,
  status: STATES[index % STATES.length] ?? "",
  agent: AGENTS[index % AGENTS.length] ?? "",
  llm: index % 2 ? "small" : "large",
  name: `Lesson ${index}`,
  created: new Date(Date.UTC(2026, 2, 31) - index * 3_600_000).toISOString(),
  metadata: { lesson: String(index), class: String(index % 7) },
  run: index % 50 < 12 ? `triage ${Math.floor(index / 50)}` : "",
  task: String(index % 50),
}));

/** Draws the browser into `el`. */
export function showSessions(el: HTMLElement): void {
  const { port } = kernel<State>({ active: "", selection: [], preview: true }, (what, body) => {
    if (what === "rows") return [null, rows];
    if (what === "summaries") {
      const told = (id: string) => ({
        words: `What is in lesson ${id.slice(5)}?`,
        turns: 1,
        cancelled: false,
      });
      return [Object.fromEntries((body as Wanted).ids.map((id) => [id, told(id)]))];
    }
    if (what === "costs") {
      return [Object.fromEntries((body as Wanted).ids.map((id) => [id, `$0.0${id.length}`]))];
    }
    const { id } = body as Chosen;
    return [`<div class="dari"><div class="dari-head"><strong>${id}</strong></div></div>`];
  });
  const { signal } = new AbortController();
  sessions(port as never, signal)(el, signal);
}
