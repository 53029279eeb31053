import { describe, expect, test, vi } from "vitest";
import { Pieces } from "../../src/reader/pieces";
import type { Piece, Row } from "../../src/reader/wire";

function row(id: string, rev = 1): Row {
  return { id, turn: "", kind: "user", tool: "", flag: "", label: "", rev, chars: 0 };
}

/** A kernel that renders every item as its id and version. */
function kernel(revs: Record<string, number> = {}, size = 10) {
  const asked: string[][] = [];
  const ask = async (_what: string, body: unknown) => {
    const { ids } = body as { ids: string[] };
    asked.push(ids);
    const pieces: Piece[] = ids.map((id) => {
      const rev = revs[id] ?? 1;
      return { id, rev, html: `${id}@${rev}`.padEnd(size, ".") };
    });
    const bytes = new TextEncoder().encode(JSON.stringify(pieces));
    return { body: null, buffers: [new DataView(bytes.buffer)] };
  };
  return { asked, port: { ask } as never };
}

const nothing = () => undefined;
const settled = () => vi.waitFor(() => Promise.resolve());

describe("pieces", () => {
  test("what is here is not asked for again", async () => {
    const { asked, port } = kernel();
    const pieces = new Pieces(port, nothing, nothing);
    pieces.want([row("a"), row("b")]);
    await vi.waitFor(() => expect(pieces.get(row("b"))?.html).toContain("b@1"));
    pieces.want([row("a"), row("b"), row("c")]);
    await vi.waitFor(() => expect(pieces.get(row("c"))).toBeDefined());
    expect(asked).toEqual([["a", "b"], ["c"]]);
  });

  test("an older version is shown until the new one is here", async () => {
    const revs = { a: 1 };
    const { port } = kernel(revs);
    const arrived = vi.fn();
    const pieces = new Pieces(port, arrived, nothing);
    pieces.want([row("a")]);
    await vi.waitFor(() => expect(arrived).toHaveBeenCalledTimes(1));
    revs.a = 2;
    pieces.want([row("a", 2)]);
    expect(pieces.get(row("a", 2))?.rev).toBe(1);
    await vi.waitFor(() => expect(pieces.get(row("a", 2))?.rev).toBe(2));
  });

  test("one request is under way at a time, and the last wish counts", async () => {
    const { asked, port } = kernel();
    const pieces = new Pieces(port, nothing, nothing);
    pieces.want([row("a")]);
    pieces.want([row("b")]);
    pieces.want([row("c")]);
    await vi.waitFor(() => expect(pieces.get(row("c"))).toBeDefined());
    expect(asked).toEqual([["a"], ["c"]]);
  });

  test("memory is bounded: what was longest out of use goes", async () => {
    const { port } = kernel({}, 1_000_000);
    const pieces = new Pieces(port, nothing, nothing);
    for (const id of ["a", "b", "c"]) {
      pieces.want([row(id)]);
      await vi.waitFor(() => expect(pieces.get(row(id))).toBeDefined());
    }
    pieces.get(row("a"));
    pieces.want([row("d")]);
    await vi.waitFor(() => expect(pieces.get(row("d"))).toBeDefined());
    await settled();
    expect(pieces.get(row("b"))).toBeUndefined();
    expect(pieces.get(row("a"))).toBeDefined();
  });

  test("an item that is gone does not keep it asking", async () => {
    const asked: unknown[] = [];
    const ask = async (_: string, body: unknown) => {
      asked.push(body);
      return { body: null, buffers: [new DataView(new TextEncoder().encode("[]").buffer)] };
    };
    const pieces = new Pieces({ ask } as never, nothing, nothing);
    pieces.want([row("gone")]);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await settled();
    expect(asked).toHaveLength(1);
  });

  test("what does not come is told, and asked for with the next wish", async () => {
    const { asked, port } = kernel();
    const ask = vi.fn(async (..._: unknown[]) => Promise.reject(new Error("it is gone")));
    const told: string[] = [];
    const changing = { ask } as { ask: unknown };
    const pieces = new Pieces(changing as never, nothing, (why) => told.push(why));
    pieces.want([row("a")]);
    await vi.waitFor(() => expect(told).toEqual(["it is gone"]));
    changing.ask = (port as { ask: unknown }).ask;
    pieces.want([row("a")]);
    await vi.waitFor(() => expect(pieces.get(row("a"))).toBeDefined());
    expect(asked).toEqual([["a"]]);
  });
});
