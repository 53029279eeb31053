/** A matrix with no kernel: cells run and end by themselves, and ratings stay on the page. */

import { matrix } from "../src/matrix/component";
import type { Cell, Change, Column, News, State } from "../src/matrix/wire";
import { kernel, pause } from "./kernel";

const LLMS = ["small", "medium", "large"];
const TASKS = [
  "Refund a basic economy fare",
  "Change the passenger's name",
  "Add a second bag",
  "Cancel because of illness",
];
const ANSWERS = [
  "Yes, in full within 24 hours.",
  "Only the spelling can be corrected.",
  "It is $50.",
];
const STEP_MS = 600;
const HOW = ["where", "order", "baseline", "score", "blind"] as const;

const cells = new Map<string, Cell>();
let n = 0;
const { port, tell } = kernel<State>(
  {
    head: "",
    tools: `<input type="search" name="where" placeholder="Filter" aria-label="Filter tasks">
    <datalist></datalist>`,
    same: "",
    hint: "Click a cell to open it, a number for its cells; Ctrl+click or ⌘ click to compare.",
    shortcuts: "",
    busy: true,
    stop: "Stop",
    blocking: false,
    kernel_id: "",
    rating: "rating",
    blind: false,
    where: "",
    order: "",
    baseline: "",
    score: "",
    by: "",
    against: "",
    active: "",
    selection: [],
    status: "running",
  },
  (what) => [answer(what)],
);

function answer(what: string): unknown {
  if (what === "compare") {
    return `<table class="dari-compare"><thead><tr><th></th><th>1 · small</th><th>1 · large</th></tr>
      </thead><tbody><tr><th>Answer</th><td>Yes, <del>in full</del>.</td>
      <td>Yes, <ins>to the card</ins>.</td></tr></tbody></table>`;
  }
  const item = { id: "a", turn: "m", after: null, html: "<div class='dari-answer'>Yes.</div>" };
  return { head: "<div class='dari-head'><strong>demo</strong></div>", items: [item] };
}

function put(id: string, word: string, peek: string): void {
  const [row = "", column = ""] = id.split("/");
  const html = `<p>${peek}</p><small><span class="dari-state" data-state="${word}">${word}</span></small>`;
  const rest = {
    repeat: 0,
    within: id,
    tint: "",
    scores: {},
    notes: {},
  };
  const cell: Cell = { id, row, column, state: word, html, ...rest };
  cells.set(id, cell);
  deliver({ columns: columns(), rows: [], cells: [cell] });
}

function columns(): Column[] {
  return LLMS.map((id) => ({ id, html: id }));
}

function deliver(change: Change): void {
  const news: News = { kind: "news", matrix: 0, since: n, n: ++n, kept: 0 };
  tell(news, change);
  const done = [...cells.values()].filter((cell) => cell.state === "completed").length;
  const head = `<div class="dari-head"><strong>refund-policy</strong> <small>${done} of 12</small></div>`;
  port.set({ head, busy: done < 12 });
}

async function play(): Promise<void> {
  const rows = TASKS.map((label, index) => {
    return { id: String(index), index, label, html: `<p>${label}</p>`, same: false };
  });
  deliver({ columns: columns(), rows, cells: [] });
  for (const { id } of rows) for (const llm of LLMS) put(`${id}/${llm}`, "queued", "");
  for (const id of [...cells.keys()]) {
    put(id, "running", "Let me see …");
    await pause(STEP_MS);
    put(id, "completed", ANSWERS[Math.floor(Math.random() * 3)] ?? "");
  }
}

/** Finds the tasks whose words are asked for; conditions are read by the kernel alone. */
function find(): void {
  const [where, order, baseline, score, blind] = HOW.map((name) => port.get(name));
  const fits = (label: string) => label.toLowerCase().includes(`${where}`.toLowerCase());
  const left = [...TASKS.entries()].filter(([, label]) => fits(label));
  const none = { fit: [], marks: {} };
  const why = left.length ? "" : `nothing matches “${where}”`;
  const found = { kind: "found", where, order, baseline, score, blind, why };
  tell(
    found,
    left.map(([index]) => ({ id: String(index), ...none })),
  );
}

/** Draws the matrix into `el` and lets it run. */
export function showMatrix(el: HTMLElement): void {
  const { signal } = new AbortController();
  port.watch(HOW, find, signal);
  matrix(port as never, signal)(el, signal);
  find();
  void play();
}
