import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Clock } from "../../src/live/clock";
import { RunningCalls } from "../../src/live/running";
import { Questions } from "../../src/shared/questions";
import type { Question } from "../../src/shared/wire";

const ONE: Question = { id: "i1", name: "double", arguments: "<dl><dd>n: 1</dd></dl>" };
const TWO: Question = { id: "i2", name: "erase", arguments: "<p>It takes no arguments.</p>" };

let closing: AbortController;
let questions: Question[];
let changed: () => void;
let asked: unknown[];
let refuse: Error | undefined;

function view(blocking = false): HTMLElement {
  const port = {
    get: () => questions as never,
    watch: (_: unknown, listener: () => void) => {
      changed = listener;
    },
    ask: async (what: string, body?: unknown) => {
      asked.push([what, body]);
      if (refuse) throw refuse;
      return { body: null as never, buffers: [] };
    },
  };
  const { element } = new Questions(port, () => blocking, closing.signal);
  document.body.replaceChildren(element);
  return element;
}

const buttons = (el: HTMLElement) => [...el.querySelectorAll("button")];

beforeEach(() => {
  closing = new AbortController();
  questions = [ONE];
  asked = [];
  refuse = undefined;
});
afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

test("a card shows the arguments and three choices", () => {
  const el = view();
  expect(el.querySelector(".dari-given")?.textContent).toBe("n: 1");
  expect(buttons(el).map((one) => one.textContent)).toEqual([
    "Run it",
    "Refuse",
    "Always for this tool in this session",
  ]);
  expect(el.querySelector("[role=status]")?.textContent).toContain("double wants to run");
});

test.each([
  [0, "run"],
  [1, "refuse"],
  [2, "always"],
])("button %d decides %s, once", (place, verdict) => {
  const el = view();
  buttons(el)[place]?.click();
  expect(asked).toEqual([["decide", { id: "i1", verdict }]]);
  expect(el.querySelector(".dari-line")?.hasAttribute("inert")).toBe(true);
});

test("a decision that did not arrive can be made again", async () => {
  const el = view();
  refuse = new Error("This call does not wait any more.");
  buttons(el)[0]?.click();
  await vi.waitFor(() => expect(el.textContent).toContain("does not wait any more"));
  expect(el.querySelector(".dari-line")?.hasAttribute("inert")).toBe(false);
});

test("the focus goes on to the next card", () => {
  questions = [ONE, TWO];
  const el = view();
  buttons(el)[0]?.focus();
  questions = [TWO];
  changed();
  expect(el.querySelectorAll(".dari-question")).toHaveLength(1);
  expect(document.activeElement).toBe(buttons(el)[0]);
});

test("a busy cell is answered in its input field", () => {
  const el = view(true);
  expect(buttons(el)).toHaveLength(0);
  expect(el.textContent).toContain("answer in the input field");
});

test("an open call counts its own time until it is done", () => {
  vi.useFakeTimers();
  const clock = new Clock(Date.now);
  clock.sync(10);
  const root = document.createElement("div");
  root.innerHTML = `<details data-since="8"><summary><small>running</small></summary></details>`;
  const calls = new RunningCalls(root, clock, closing.signal);
  calls.show();
  const word = () => root.querySelector("small")?.textContent;
  expect(word()).toBe("running · 2 s");
  vi.advanceTimersByTime(3000);
  expect(word()).toBe("running · 5 s");
  root.replaceChildren();
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});
