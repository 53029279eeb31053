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
  test("applies batches as they come and asks for nothing", () => {
    batch(1);
    batch(2);
    vi.advanceTimersByTime(10_000);
    expect(applied).toEqual(["b1", "b2"]);
    expect(sent).toEqual([]);
  });

  test("says hello on a page that gets nothing", () => {
    vi.advanceTimersByTime(HELLO_AFTER_MS);
    expect(sent).toEqual([{ kind: "hello" }]);
  });

  test("asks for nothing on a page that has heard from the start that there is nothing yet", () => {
    snapshot(0, 0, 1);
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    batch(1);
    expect(applied).toEqual(["b1"]);
  });

  test("asks once for a gap, and goes on in order when it is filled", () => {
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

  test("drops what it has had already", () => {
    batch(1);
    batch(1);
    expect(applied).toEqual(["b1"]);
  });

  test("takes a snapshot of several parts on a late page, then goes on after it", () => {
    batch(8);
    snapshot(7, 0, 2);
    expect(replaced).toEqual([]);
    snapshot(7, 1, 2);
    expect(replaced).toEqual([["s0", "s1"]]);
    expect(applied).toEqual(["b8"]);
  });

  test("asks only once while a late page waits for its snapshot", () => {
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

  test("leaves a snapshot to those who lack something", () => {
    batch(1);
    snapshot(1, 0, 1);
    expect(replaced).toEqual([]);
  });

  test("shows what came when a busy kernel does not answer, and mends it later", () => {
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
