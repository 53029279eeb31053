import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Question } from "../../src/host/wire";
import { Clock } from "../../src/live/clock";
import { RunningCalls } from "../../src/live/running";
import { Questions } from "../../src/shared/questions";

const ONE: Question = {
  id: "i1",
  name: "double",
  about: "Double a number.",
  arguments: "<dl><dd>n: 1</dd></dl>",
};
const TWO: Question = {
  id: "i2",
  name: "erase",
  about: "",
  arguments: "<p>It takes no arguments.</p>",
};

let closing: AbortController;
let questions: Question[];
let changed: () => void;
let asked: unknown[];
let refuse: Error | undefined;
const after = vi.fn();

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
  const { element } = new Questions(port, () => blocking, after, closing.signal);
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
  expect(asked).toEqual([["decide", { id: "i1", verdict, reason: "" }]]);
  expect(el.querySelector(".dari-line")?.hasAttribute("inert")).toBe(true);
});

test("a decision that did not arrive can be made again", async () => {
  const el = view();
  refuse = new Error("This call does not wait any more.");
  buttons(el)[0]?.click();
  await vi.waitFor(() => expect(el.textContent).toContain("does not wait any more"));
  expect(el.querySelector(".dari-line")?.hasAttribute("inert")).toBe(false);
});

test("the focus goes on to the next card, and to none of its buttons", () => {
  questions = [ONE, TWO];
  const el = view();
  buttons(el)[0]?.focus();
  questions = [TWO];
  changed();
  expect(el.querySelectorAll(".dari-question")).toHaveLength(1);
  expect(document.activeElement).toBe(el.querySelector(".dari-question"));
});

test("a card says what the tool does, where somebody wrote it down", () => {
  questions = [ONE, TWO];
  const said = [...view().querySelectorAll(".dari-question")].map((card) => card.textContent);
  expect(said[0]).toContain("Double a number.");
  expect(said[1]).not.toContain("undefined");
});

test("a refusal carries a reason, by its button and by Enter", () => {
  questions = [ONE, TWO];
  const el = view();
  const [first, second] = el.querySelectorAll("input");
  (first as HTMLInputElement).value = " Too large. ";
  buttons(el)[1]?.click();
  (second as HTMLInputElement).value = "Not this one.";
  second?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  expect(asked).toEqual([
    ["decide", { id: "i1", verdict: "refuse", reason: "Too large." }],
    ["decide", { id: "i2", verdict: "refuse", reason: "Not this one." }],
  ]);
});

test("a reason that was begun goes with no approval", () => {
  const el = view();
  (el.querySelector("input") as HTMLInputElement).value = "No, bec";
  buttons(el)[0]?.click();
  expect(asked).toEqual([["decide", { id: "i1", verdict: "run", reason: "" }]]);
});

test("the focus stays in the view while a decision is on its way, and is handed on after it", () => {
  const el = view();
  after.mockClear();
  buttons(el)[0]?.focus();
  buttons(el)[0]?.click();
  expect(document.activeElement).toBe(el.querySelector(".dari-question"));
  questions = [];
  changed();
  expect(after).toHaveBeenCalledOnce();
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
