import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Clock, duration, ticking } from "../../src/live/clock";
import { RunningCalls } from "../../src/live/running";
import { StateBar, stateWord } from "../../src/live/state_bar";
import { LivePort } from "./lives";

const { traits: STATE } = new LivePort();
let closing: AbortController;
const clock = () => new Clock(Date.now);

beforeEach(() => {
  vi.useFakeTimers();
  closing = new AbortController();
});
afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

test.each([
  ["running", "running"],
  ["waiting_for_tool", "waiting for a tool"],
  ["completed", "done"],
  ["new_in_the_api", "new in the api"],
])("state %s reads %s", (state, word) => expect(stateWord(state)).toBe(word));

test.each([
  [0, "0.0 s"],
  [0.34, "0.3 s"],
  [9.97, "10 s"],
  [48.4, "48 s"],
  [59.8, "1 min 0 s"],
  [65, "1 min 5 s"],
  [7450, "2 h 4 min"],
])("%d seconds read %s", (seconds, word) => expect(duration(seconds)).toBe(word));

test("a running clock shows whole seconds", () => {
  expect([0.9, 3.2, 59.9, 61.9].map(ticking)).toEqual(["0 s", "3 s", "59 s", "1 min 1 s"]);
});

test("a clock falls back on the start time until the kernel says better", () => {
  const fallback = clock();
  fallback.guess(Date.now() / 1000 - 30);
  expect(Math.round(fallback.seconds)).toBe(30);
  fallback.sync(4);
  fallback.guess(0);
  expect(Math.round(fallback.seconds)).toBe(4);
});

describe("the bar", () => {
  const shown = () => bar.element.querySelector(".dari-clock")?.textContent;
  let bar: StateBar;
  beforeEach(() => {
    const time = clock();
    time.sync(12.4);
    bar = new StateBar(time, async () => undefined, closing.signal);
    bar.show(STATE);
  });

  test("ticks once a second", () => {
    expect(shown()).toBe("12 s");
    vi.advanceTimersByTime(3000);
    expect(shown()).toBe("15 s");
  });

  test("stands still once the turn has ended", () => {
    bar.show({ ...STATE, state: "completed", seconds: 4.21 });
    vi.advanceTimersByTime(60_000);
    expect(shown()).toBe("4.2 s");
  });

  test("never says the time aloud", () => {
    const spoken = bar.element.querySelector("[role=status]");
    vi.advanceTimersByTime(5000);
    expect(spoken?.textContent).toBe("running");
  });
});

test("an open call counts its own time until it is done", () => {
  const time = clock();
  time.sync(10);
  const root = document.createElement("div");
  root.innerHTML = `<details data-since="8"><summary><small>running</small></summary></details>`;
  new RunningCalls(root, time, closing.signal).show();
  const word = () => root.querySelector("small")?.textContent;
  expect(word()).toBe("running · 2 s");
  vi.advanceTimersByTime(3000);
  expect(word()).toBe("running · 5 s");
  root.replaceChildren();
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});
