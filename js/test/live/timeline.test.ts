// @vitest-environment node
import { describe, expect, test } from "vitest";
import { Timeline } from "../../src/live/timeline";
import type { Fragment } from "../../src/live/wire";
import { gone, item, row } from "../fragments";

const ids = (timeline: Timeline) => timeline.fragments().map((fragment) => fragment.id);

const never = new AbortController().signal;

describe("a timeline", () => {
  test("keeps items in display order", () => {
    const timeline = new Timeline();
    timeline.apply(row(["a", "b", "d"]));
    timeline.apply([item("c", "b"), item("first", null)]);
    expect(ids(timeline)).toEqual(["first", "a", "b", "c", "d"]);
  });

  test("replaces an item in place, and moves one with another predecessor", () => {
    const timeline = new Timeline();
    timeline.apply(row(["a", "b", "c"]));
    timeline.apply([item("b", "a", { html: "<p>new</p>" })]);
    expect(ids(timeline)).toEqual(["a", "b", "c"]);
    timeline.apply([item("a", "c")]);
    expect(ids(timeline)).toEqual(["b", "c", "a"]);
  });

  test("removes items, and ignores unknown ones", () => {
    const timeline = new Timeline();
    timeline.apply(row(["a", "b"]));
    timeline.apply([gone("a"), gone("never")]);
    expect(ids(timeline)).toEqual(["b"]);
  });

  test("puts an item with an unknown predecessor at the end", () => {
    const timeline = new Timeline();
    timeline.apply(row(["a", "b"]));
    timeline.apply([item("d", "lost")]);
    expect(ids(timeline)).toEqual(["a", "b", "d"]);
  });

  test("tells a late subscriber everything, and an ended one nothing", () => {
    const timeline = new Timeline();
    timeline.apply(row(["a", "b"]));
    const seen: Fragment[][] = [];
    const closing = new AbortController();
    timeline.subscribe((changes) => seen.push(changes), closing.signal);
    expect(seen).toEqual([row(["a", "b"])]);
    closing.abort();
    timeline.apply([item("c", "b")]);
    expect(seen).toHaveLength(1);
  });

  test("tells only the changes of a snapshot", () => {
    const timeline = new Timeline();
    timeline.apply(row(["a", "b", "c"]));
    const seen: Fragment[] = [];
    timeline.subscribe((changes) => seen.push(...changes), new AbortController().signal);
    seen.length = 0;
    timeline.replace([item("a", null), item("c", "a"), item("d", "c")]);
    expect(ids(timeline)).toEqual(["a", "c", "d"]);
    expect(seen.map((change) => change.id)).toEqual(["b", "c", "d"]);
  });

  test("grows an item, and replaces a draft by its answer", () => {
    const timeline = new Timeline();
    timeline.apply([item("u", null), { ...item("draft", "u", { html: "<p>a</p>" }), rev: 5 }]);
    timeline.apply([{ id: null, base: 5, rev: 6, edits: [[4, 4, "b"]] }]);
    timeline.apply([{ id: "said", base: 6, rev: 7, edits: [[5, 5, "c"]] }]);
    expect(ids(timeline)).toEqual(["u", "said"]);
    expect(timeline.fragments()[1]?.html).toBe("<p>abc</p>");
  });

  test("ignores the growth of another version", () => {
    const timeline = new Timeline();
    const heard: string[] = [];
    timeline.apply([{ ...item("draft", null, { html: "<p>a</p>" }), rev: 5 }]);
    timeline.subscribe((changes) => heard.push(...changes.map(({ id }) => id)), never);
    heard.length = 0;
    timeline.apply([{ id: null, base: 6, rev: 7, edits: [[0, 3, "<script>"]] }]);
    timeline.apply([{ id: "said", base: 4, rev: 8, edits: [[0, 3, "<script>"]] }]);
    expect(timeline.fragments()[0]?.html).toBe("<p>a</p>");
    expect(heard).toEqual([]);
  });
});
