import { beforeEach, describe, expect, test, vi } from "vitest";
import { transcriptReader } from "../../src/reader/component";
import type { Row } from "../../src/reader/wire";

function row(id: string, kind = "user"): Row {
  return { id, turn: "m1", kind, tool: "", flag: "", label: id, rev: 1, chars: 9 };
}

function buffer(things: unknown): DataView {
  return new DataView(new TextEncoder().encode(JSON.stringify(things)).buffer);
}

let all: Row[];
let n: number;
const first = [{ id: "u1", rev: 1, html: "<p>what was asked first</p>" }];
let asked: string[];
let wanted: string[][];
let tell: (message: object, buffers: DataView[]) => void;

/** Why the kernel answers nothing, if it does not. */
let refusal = "";

/** A kernel with some rows. */
function kernel() {
  return {
    get: (name: string) => ({ head: "<b>head</b>", height: 0, active: "", session: "" })[name],
    watch: () => undefined,
    receive(listener: typeof tell) {
      tell = listener;
    },
    async ask(what: string, body?: { ids: string[] }) {
      asked.push(what);
      if (refusal) throw new Error(refusal);
      if (what === "fragments") wanted.push(body?.ids ?? []);
      if (what === "rows") return { body: { n, parts: 1 }, buffers: [buffer(all), buffer(first)] };
      return { body: [], buffers: [buffer([])] };
    },
  };
}

/** What was told of what the reader sees: everything here comes into sight when a test says so. */
let comeNear: () => void;
class Observer {
  constructor(seen: (entries: { isIntersecting: boolean }[]) => void) {
    comeNear = () => seen([{ isIntersecting: true }]);
  }
  observe() {}
  disconnect() {}
}
vi.stubGlobal("IntersectionObserver", Observer);

let el: HTMLElement;
const shown = () => el.querySelector(".dari-kinds")?.textContent ?? "";

beforeEach(async () => {
  refusal = "";
  [asked, wanted] = [[], []];
  [all, n] = [[row("u1"), row("u2")], 4];
  el = document.createElement("div");
  document.body.replaceChildren(el);
  const signal = new AbortController().signal;
  transcriptReader(kernel() as never, signal)(el, signal);
  expect([asked, el.children.length]).toEqual([[], 0]);
  comeNear();
  await vi.waitFor(() => expect(shown()).toContain("you 2"));
});

describe("a reader", () => {
  test("takes in rows that come in order, and drops what it has already", () => {
    tell({ kind: "rows", n: 5, first: 2, total: 3 }, [buffer([row("u3")])]);
    tell({ kind: "rows", n: 5, first: 0, total: 0 }, [buffer([])]);
    expect(shown()).toContain("you 3");
    tell({ kind: "rows", n: 6, first: 1, total: 1 }, [buffer([])]);
    expect(shown()).toContain("you 1");
    expect(asked.filter((what) => what === "rows")).toHaveLength(1);
  });

  test("shows what came with the rows without asking for it", () => {
    expect(el.textContent).toContain("what was asked first");
    expect(wanted.flat()).not.toContain("u1");
  });

  test("offers tools to choose from where there are some to choose between", () => {
    const choice = el.querySelector<HTMLSelectElement>("[aria-label=Tool]");
    expect(choice?.hidden).toBe(true);
    const called = (id: string, tool: string) => ({ ...row(id), kind: "tool", tool });
    const rows = [called("c1", "look"), called("c2", "read")];
    tell({ kind: "rows", n: 5, first: 2, total: 4 }, [buffer(rows)]);
    expect(choice?.hidden).toBe(false);
    expect(choice?.textContent).toBe("any toollookread");
  });

  test("asks for everything when a message was lost", async () => {
    [all, n] = [[row("u1"), row("u2"), row("u3"), row("u4")], 7];
    tell({ kind: "rows", n: 7, first: 3, total: 4 }, [buffer([row("u4")])]);
    await vi.waitFor(() => expect(shown()).toContain("you 4"));
    expect(asked.filter((what) => what === "rows")).toHaveLength(2);
  });

  test("says that nothing is there", async () => {
    tell({ kind: "rows", n: 5, first: 0, total: 0 }, [buffer([])]);
    expect(el.textContent).toContain("Nothing is here yet.");
  });

  test("says what went wrong where rows were lost and do not come", async () => {
    refusal = "The kernel is gone.";
    tell({ kind: "rows", n: 7, first: 3, total: 4 }, [buffer([row("u4")])]);
    await vi.waitFor(() => expect(el.querySelector(".dari-none")?.textContent).toBe(refusal));
    expect(el.querySelector<HTMLElement>(".dari-none")?.hidden).toBe(false);
  });

  test("says what went wrong where nobody looks for what is to be found", async () => {
    refusal = "The kernel is gone.";
    const field = el.querySelector<HTMLInputElement>("input[type=search]") as HTMLInputElement;
    field.value = "words";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await vi.waitFor(() => expect(el.querySelector(".dari-tools")?.textContent).toContain(refusal));
  });
});
