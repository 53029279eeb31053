// @vitest-environment node
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Feed, GIVE_UP_AFTER_MS, HELLO_AFTER_MS } from "../../src/live/feed";
import type { Change, ToKernel } from "../../src/live/wire";
import { item } from "../fragments";

let sent: ToKernel[];
let applied: string[];
let replaced: string[][];
let feed: Feed;

const batch = (n: number) => feed.receive({ kind: "items", n, elapsed: 0 }, [item(`b${n}`, null)]);
const snapshot = (n: number, part: number, parts: number) =>
  feed.receive({ kind: "snapshot", n, part, parts, elapsed: 0 }, [item(`s${part}`, null)]);
const ids = (changes: Change[]) => changes.map((change) => change.id ?? "");

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  applied = [];
  replaced = [];
  feed = new Feed({
    send: (message) => void sent.push(message),
    apply: (changes) => void applied.push(...ids(changes)),
    replace: (all) => void replaced.push(ids(all)),
  });
});

afterEach(() => {
  feed.close();
  vi.useRealTimers();
});

describe("a feed", () => {
  test("applies batches as they come", () => {
    batch(1);
    batch(2);
    vi.advanceTimersByTime(10_000);
    expect(applied).toEqual(["b1", "b2"]);
    expect(sent).toEqual([]);
  });

  test("says hello when nothing comes", () => {
    vi.advanceTimersByTime(HELLO_AFTER_MS);
    expect(sent).toEqual([{ kind: "hello" }]);
  });

  test("asks for nothing after an empty snapshot", () => {
    snapshot(0, 0, 1);
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    batch(1);
    expect(applied).toEqual(["b1"]);
  });

  test("asks once for a gap, and continues in order", () => {
    batch(1);
    batch(3);
    batch(4);
    expect(applied).toEqual(["b1"]);
    expect(sent).toEqual([{ kind: "resend", first: 2 }]);
    batch(2);
    batch(3);
    batch(4);
    expect(applied).toEqual(["b1", "b2", "b3", "b4"]);
    vi.advanceTimersByTime(10_000);
    expect(sent).toHaveLength(1);
  });

  test("asks again for the next gap", () => {
    batch(1);
    batch(3);
    batch(2);
    batch(5);
    expect(sent).toEqual([
      { kind: "resend", first: 2 },
      { kind: "resend", first: 4 },
    ]);
  });

  test("drops a batch that it has", () => {
    batch(1);
    batch(1);
    expect(applied).toEqual(["b1"]);
  });

  test("joins the parts of a snapshot on a late page", () => {
    batch(8);
    snapshot(7, 0, 2);
    expect(replaced).toEqual([]);
    snapshot(7, 1, 2);
    expect(replaced).toEqual([["s0", "s1"]]);
    expect(applied).toEqual(["b8"]);
  });

  test("asks once while it waits for a snapshot", () => {
    batch(57);
    batch(58);
    batch(59);
    expect(sent).toEqual([{ kind: "hello" }]);
    snapshot(59, 0, 1);
    batch(60);
    expect(applied).toEqual(["b60"]);
    vi.advanceTimersByTime(10_000);
    expect(sent).toHaveLength(1);
  });

  test("ignores a snapshot when nothing is missing", () => {
    batch(1);
    snapshot(1, 0, 1);
    expect(replaced).toEqual([]);
  });

  test("skips a gap when a busy kernel doesn't answer, and repairs it later", () => {
    batch(1);
    batch(3);
    vi.advanceTimersByTime(GIVE_UP_AFTER_MS);
    expect(applied).toEqual(["b1", "b3"]);
    expect(sent.at(-1)).toEqual({ kind: "hello" });
    snapshot(3, 0, 1);
    expect(replaced).toEqual([["s0"]]);
    snapshot(3, 0, 1);
    expect(replaced).toHaveLength(1);
  });
});
