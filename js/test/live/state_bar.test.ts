import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Clock, duration, ticking } from "../../src/live/clock";
import { StateBar, stateWord } from "../../src/live/state_bar";
import type { State } from "../../src/live/wire";

const STATE: State = {
  state: "running",
  head: "",
  started: null,
  seconds: null,
  blocking: false,
  kernel_id: "",
  questions: [],
  note: "",
  stop: "Stop watching",
};

let closing: AbortController;

const text = (bar: StateBar, name: string) =>
  bar.element.querySelector<HTMLElement>(`.dari-${name}`)?.textContent;
const button = (bar: StateBar) => bar.element.querySelector("button") as HTMLButtonElement;

function barWith(stop: () => Promise<string | undefined>, clock = new Clock(Date.now)): StateBar {
  const bar = new StateBar(clock, stop, closing.signal);
  bar.show(STATE);
  return bar;
}

beforeEach(() => {
  vi.useFakeTimers();
  closing = new AbortController();
});

afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

describe("words", () => {
  test.each([
    ["queued", "queued"],
    ["running", "running"],
    ["waiting_for_tool", "waiting for a tool"],
    ["reconnecting", "reconnecting"],
    ["stopped", "stopped"],
    ["failed", "failed"],
    ["completed", "done"],
    ["new_in_the_api", "new in the api"],
  ])("%s reads %s", (state, word) => expect(stateWord(state)).toBe(word));

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
});

describe("a state bar", () => {
  test("ticks once a second from the time that the kernel says", () => {
    const clock = new Clock(Date.now);
    clock.sync(12.4);
    const bar = barWith(async () => undefined, clock);
    expect(text(bar, "clock")).toBe("12 s");
    vi.advanceTimersByTime(3000);
    expect(text(bar, "clock")).toBe("15 s");
  });

  test("stands still with the final time when the turn has ended", () => {
    const bar = barWith(async () => undefined);
    bar.show({ ...STATE, state: "completed", seconds: 4.21 });
    vi.advanceTimersByTime(60_000);
    expect(text(bar, "clock")).toBe("4.2 s");
    expect(text(bar, "state")).toBe("done");
    expect(button(bar).hidden).toBe(true);
  });

  test("speaks the state when it changes, and never the time", () => {
    const bar = barWith(async () => undefined);
    const spoken = bar.element.querySelector("[role=status]") as HTMLElement;
    expect(spoken.textContent).toBe("running");
    vi.advanceTimersByTime(5000);
    expect(spoken.textContent).toBe("running");
    bar.show({ ...STATE, state: "waiting_for_tool" });
    expect(spoken.textContent).toBe("waiting for a tool");
  });

  test("stops once for one press", async () => {
    const stop = vi.fn(async () => undefined);
    const bar = barWith(stop);
    button(bar).click();
    button(bar).click();
    await vi.waitFor(() => expect(text(bar, "note")).toBe("stopping…"));
    expect(stop).toHaveBeenCalledOnce();
  });

  test("says what to do when it cannot stop", async () => {
    const bar = barWith(async () => "use the interrupt button");
    button(bar).click();
    await vi.waitFor(() => expect(text(bar, "note")).toBe("use the interrupt button"));
    expect(button(bar).disabled).toBe(false);
  });

  test("says what went wrong when nobody hears of it, and can be pressed again", async () => {
    const bar = barWith(() => Promise.reject(new Error("The kernel is gone.")));
    button(bar).click();
    await vi.waitFor(() => expect(text(bar, "note")).toBe("The kernel is gone."));
    expect(button(bar).disabled).toBe(false);
  });

  test("a clock falls back on the start time until the kernel says better", () => {
    const clock = new Clock(Date.now);
    clock.guess(Date.now() / 1000 - 30);
    expect(Math.round(clock.seconds)).toBe(30);
    clock.sync(4);
    clock.guess(0);
    expect(Math.round(clock.seconds)).toBe(4);
  });
});
