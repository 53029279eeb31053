/** A live transcript with no kernel: a turn that plays, and a burst. */
import { Clock } from "../src/live/clock";
import { Timeline } from "../src/live/timeline";
import { drawTranscript, type Source } from "../src/live/transcript";
import type { Fragment, State } from "../src/live/wire";
import { kernel, pause } from "./kernel";

const STEP_MS = 700;

let turn = 0;
let state: State = {
  state: "queued",
  head: '<div class="dari-head"><strong>librarian</strong> <span>small</span></div>',
  started: null,
  seconds: null,
  blocking: false,
  kernel_id: "",
  questions: [],
  note: "",
  stop: "Stop",
};
const timeline = new Timeline();
const clock = new Clock();
const changed = new EventTarget();

const source: Source = {
  timeline,
  clock,
  state: () => state,
  watch: (listener, signal) => changed.addEventListener("change", listener, { signal }),
  stop: async () => show("cancelled"),
  port: kernel<State>(state, () => [null]).port,
};

function show(name: string): void {
  state = { ...state, state: name, seconds: name === "running" ? null : clock.seconds };
  changed.dispatchEvent(new Event("change"));
}

/** Puts an item at the end of the current turn, or in place when its id is there. */
function put(id: string, html: string): void {
  const all = timeline.fragments();
  const known = all.find((fragment) => fragment.id === id);
  const after = known ? known.after : (all.at(-1)?.id ?? null);
  const since = html.includes('data-state="running"') ? clock.seconds : null;
  timeline.apply([{ id, turn: `m${turn}`, after, html, since, rev: 0 }]);
}

function call(word: string, end: string): string {
  return `<details class="dari-call" data-state="${word}"><summary><code>search</code>
    <span>"churn" in notes.md</span><small>${end}</small></summary>
    <dl><dt>Arguments</dt><dd><pre>{"query": "churn"}</pre></dd></dl></details>`;
}

async function play(): Promise<void> {
  const id = `t${++turn}`;
  clock.sync(0);
  show("running");
  put(
    `${id}-u`,
    `<blockquote class="dari-user"><header>You</header><p>Who churned?</p></blockquote>`,
  );
  await pause(STEP_MS);
  put(`${id}-c`, call("running", "running"));
  await pause(STEP_MS);
  put(`${id}-c`, call("completed", "3 items · 0.7 s"));
  await pause(STEP_MS);
  put(
    `${id}-a`,
    `<div class="dari-answer"><p>Three customers did, all in <em>March</em>.</p></div>`,
  );
  show("completed");
}

function burst(): void {
  turn++;
  const last = timeline.fragments().at(-1)?.id ?? null;
  const ids = Array.from({ length: 10_000 }, (_, n) => `t${turn}-${n}`);
  const html = call("completed", "3 items · 0.7 s");
  const fragments: Fragment[] = ids.map((id, n) => {
    return { id, turn: `m${turn}`, after: ids[n - 1] ?? last, html, since: null, rev: 0 };
  });
  timeline.apply(fragments);
}

const actions: Record<string, () => void> = {
  turn: play,
  burst,
  clear: () => timeline.replace([]),
};

/** Draws the transcript into `el`; the buttons of the page play it. */
export function showLive(el: HTMLElement): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-play]")) {
    button.addEventListener("click", () => actions[button.dataset.play ?? ""]?.());
  }
  drawTranscript(el, source, new AbortController().signal);
}
