// @vitest-environment node
import { beforeEach, expect, test, vi } from "vitest";
import { Pieces } from "../../src/reader/pieces";
import type { Piece, State } from "../../src/reader/wire";
import { Buffers, FakePort } from "../port";
import { row } from "./rows";

let port: FakePort<State>;
let pieces: Pieces;
let revs: Record<string, number>;
let length: number;
const arrived = vi.fn();
const failed = vi.fn();
const eventually = (check: () => void) => vi.waitFor(check, { interval: 2 });
const asked = () => port.bodies("fragments").map((body) => (body as { ids: string[] }).ids);
/** Wants items, and waits until the last of them is here. */
const wanted = (...ids: string[]) => {
  pieces.want(ids.map((id) => row(id, { rev: revs[id] ?? 1 })));
  const last = row(ids.at(-1) as string);
  return eventually(() => expect(pieces.get(last)?.rev).toBe(revs[last.id] ?? 1));
};

beforeEach(() => {
  [revs, length] = [{}, 10];
  const piece = (id: string): Piece => {
    const rev = revs[id] ?? 1;
    return { id, rev, html: `${id}@${rev}`.padEnd(length, ".") };
  };
  port = new FakePort({} as State, (_, { ids }: { ids: string[] }) => {
    return new Buffers(null, ids.filter((id) => id !== "gone").map(piece));
  });
  pieces = new Pieces(port, arrived, failed);
});

test("asks for each piece once", async () => {
  await wanted("a", "b");
  await wanted("a", "b", "c");
  expect(asked()).toEqual([["a", "b"], ["c"]]);
});

test("shows an older version until the new one is here", async () => {
  await wanted("a");
  revs = { a: 2 };
  const both = wanted("a");
  expect(pieces.get(row("a", { rev: 2 }))?.rev).toBe(1);
  await both;
});

test("asks once at a time, and then for the last wish", async () => {
  void wanted("a");
  void wanted("b");
  await wanted("c");
  expect(asked()).toEqual([["a"], ["c"]]);
});

test("forgets what was longest out of use", async () => {
  length = 1_000_000;
  for (const id of ["a", "b", "c"]) await wanted(id);
  pieces.get(row("a"));
  await wanted("d");
  expect(pieces.get(row("b"))).toBeUndefined();
  expect(pieces.get(row("a"))).toBeDefined();
});

test("asks once for an item that is gone", async () => {
  pieces.want([row("gone")]);
  await eventually(() => expect(asked()).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(asked()).toHaveLength(1);
});

test("says what didn't come, and asks again at the next wish", async () => {
  const answer = port.answer;
  port.answer = () => {
    throw new Error("No server.");
  };
  pieces.want([row("a")]);
  await eventually(() => expect(failed).toHaveBeenCalledWith("No server."));
  port.answer = answer;
  await wanted("a");
});
