import { describe, expect, test, vi } from "vitest";
import { transcriptReader } from "../../src/reader/component";
import type { Row } from "../../src/reader/wire";
import { GONE } from "../port";
import {
  button,
  choose,
  click,
  eventually,
  find,
  hasFocus,
  listed,
  press,
  settled,
  show,
  texts,
  write,
} from "../view";
import { ROWS, row } from "./rows";
import { inSight, item, items, shown, TranscriptPort } from "./transcripts";

const log = () => find("[role=log]");
const search = () => find<HTMLInputElement>("input[type=search]");
const count = () => texts(".dari-tools .dari-count")[0] ?? "";
const spoken = () => find(".dari-reader > .dari-spoken").textContent ?? "";
const none = () => find(".dari-none");
const kind = (name: string) => button(new RegExp(`^${name} \\d`));
const folds = () =>
  [...document.querySelectorAll<HTMLDetailsElement>("details")].map(({ open }) => open);
const BRANCHES = [{ turn: "m2", place: 1, count: 3 }];

/** Finds words in some items. */
async function seek(port: TranscriptPort, ...found: string[]): Promise<void> {
  port.found = found;
  write(search(), "words");
  await eventually(() => expect(count()).toMatch(new RegExp(`of ${found.length}`)));
}

/** What each listed key does; the second item has the focus. */
const DOES: Record<string, (port: TranscriptPort) => unknown> = {
  "↓": () => goes("ArrowDown", "c1", "c2"),
  j: () => goes("j", "c1", "c2"),
  "↑": () => goes("ArrowUp", "c1", "u1"),
  k: () => goes("k", "c1", "u1"),
  u: () => goes("u", "c1", "u2"),
  U: () => goes("U", "a2", "u2"),
  t: () => goes("t", "c1", "c2"),
  T: () => goes("T", "a1", "c2"),
  e: () => goes("e", "u1", "c2"),
  E: () => goes("E", "u2", "c2"),
  Home: () => goes("Home", "a1", "u1"),
  g: () => goes("g", "a1", "u1"),
  End: () => goes("End", "a1", "a2"),
  G: () => goes("G", "a1", "a2"),
  "/"() {
    press("/");
    hasFocus(search());
  },
  async n(port) {
    await seek(port, "c1", "a1");
    item("c1").focus();
    press("n");
    expect(port.traits.active).toBe("a1");
  },
  async N(port) {
    await seek(port, "u1", "c1", "a1");
    item("c1").focus();
    press("N");
    expect(port.traits.active).toBe("a1");
  },
  Enter: () => folding("Enter"),
  o: () => folding("o"),
  a() {
    press("a");
    expect(folds()).toEqual([true, true]);
  },
  c() {
    press("a");
    press("c");
    expect(folds()).toEqual([false, false]);
  },
  m() {
    const opened = vi.fn();
    item("c1").querySelector(".dari-menu > button")?.addEventListener("click", opened);
    press("m");
    expect(opened).toHaveBeenCalledOnce();
  },
  async r(port) {
    press("r");
    await eventually(() => expect(item("c1").textContent).toContain('{"id": 1}'));
    expect(port.bodies("raw")).toMatchObject([{ id: "c1" }]);
    press("r");
    await eventually(() => expect(item("c1").textContent).not.toContain('{"id": 1}'));
  },
  async A(port) {
    item("u2").focus();
    press("A");
    await eventually(() => hasFocus(find(".dari-edit textarea")));
    expect(port.bodies("prompt")).toMatchObject([{ turn: "m2" }]);
  },
  "[": (port) => branches(port, "[", -1),
  "]": (port) => branches(port, "]", 1),
  async "="(port) {
    port.push({ branches: BRANCHES });
    item("u2").focus();
    press("=");
    await eventually(() => hasFocus(find("[aria-label=Branches]")));
    expect(port.bodies("compare")).toMatchObject([{ turn: "m2" }]);
    press("Escape");
    hasFocus(item("u2"));
    expect(document.querySelector("[aria-label=Branches]")).toBeNull();
  },
  "?"() {
    press("?");
    expect(listed()).not.toEqual([]);
    press("?");
    expect(listed()).toEqual([]);
  },
  async Esc(port) {
    await seek(port, "c1");
    press("?");
    search().focus();
    press("Escape");
    expect([search().value, listed()]).toEqual(["", []]);
    await eventually(() => expect(count()).toBe(""));
    hasFocus(log());
  },
};

function goes(key: string, from: string, to: string): void {
  item(from).focus();
  expect(press(key).defaultPrevented).toBe(true);
  hasFocus(item(to));
}

function folding(key: string): void {
  for (const open of [true, false]) {
    press(key);
    expect(item("c1").querySelector("details")?.open).toBe(open);
  }
}

async function branches(port: TranscriptPort, key: string, by: number): Promise<void> {
  port.push({ branches: BRANCHES });
  item("u2").focus();
  press(key);
  await eventually(() => expect(spoken()).toMatch(/1 of 3/));
  expect(port.bodies("branch")).toEqual([{ turn: "m2", by }]);
  hasFocus(item("u2"));
}

describe("keys", () => {
  test.each(Object.entries(DOES))("hears %s", async (_, check) => {
    const port = await shown();
    item("c1").focus();
    await check(port);
  });

  test("lists what it hears", async () => {
    await shown();
    click(button("Keys"));
    expect(listed().sort()).toEqual(Object.keys(DOES).sort());
  });

  test("are text in the field", async () => {
    await shown();
    search().focus();
    for (const key of ["j", "a", "?", "/", "End"]) expect(press(key).defaultPrevented).toBe(false);
    expect([folds(), listed()]).toEqual([[false, false], []]);
  });

  test("mean nothing with Ctrl, Alt or Meta", async () => {
    const port = await shown();
    item("c1").focus();
    for (const held of ["ctrlKey", "altKey", "metaKey"])
      for (const key of ["j", "a", "r", "?", "Enter"]) press(key, { [held]: true });
    hasFocus(item("c1"));
    expect([folds(), listed(), port.bodies("raw")]).toEqual([[false, false], [], []]);
  });

  test("say what there is nothing of", async () => {
    const port = await shown();
    port.news(1, []);
    item("u1").focus();
    const before = spoken();
    press("e");
    expect(spoken()).not.toBe(before);
    hasFocus(item("u1"));
  });
});

describe("a transcript", () => {
  test("has each item as a named article", async () => {
    await shown();
    expect(items()).toEqual(ROWS.map(({ id }) => id));
    const first = item("u1");
    const names = ["aria-label", "aria-posinset", "aria-setsize"];
    expect(names.map((name) => first.getAttribute(name))).toEqual(["label u1", "1", "6"]);
    expect(first.localName).toBe("article");
    expect(log().getAttribute("aria-live")).toBe("off");
    expect(texts("header")[0]).toBe("head");
  });

  test("asks for nothing before the reader comes near", async () => {
    const port = new TranscriptPort();
    let come = (_: object[]) => {};
    class Observer {
      constructor(seen: typeof come) {
        come = seen;
      }
      observe() {}
      disconnect() {}
    }
    vi.stubGlobal("IntersectionObserver", Observer);
    show(transcriptReader, port);
    expect([port.asked, document.querySelector(".dari-log")]).toEqual([[], null]);
    come([{ isIntersecting: true }]);
    await eventually(() => expect(port.asked[0]?.[0]).toBe("rows"));
  });

  test("takes in news in order, and drops what it has", async () => {
    const port = await shown();
    port.news(6, [row("u3", { turn: "m3" })]);
    await eventually(() => expect(items()).toHaveLength(7));
    expect(kind("you").textContent).toMatch(/3/);
    for (const n of [5, 3]) port.tell({ kind: "rows", n, first: 0, total: 0 }, []);
    await settled();
    expect(items()).toHaveLength(7);
    port.news(1, []);
    await eventually(() => expect(items()).toEqual(["u1"]));
    expect(port.bodies("rows")).toHaveLength(1);
  });

  test("asks for everything when a message was lost", async () => {
    const port = await shown();
    port.news(6, [row("u3"), row("u4")], { n: 9 });
    await eventually(() => expect(items()).toHaveLength(8));
    expect(port.bodies("rows")).toHaveLength(2);
  });

  test("shows a new version in place, and keeps what the reader opened", async () => {
    const port = await shown();
    item("c1").querySelector("summary")?.click();
    port.news(1, [{ ...(ROWS[1] as Row), rev: 2 }, ...ROWS.slice(2)]);
    await eventually(() => expect(item("c1").textContent).toContain("words of c1, 2"));
    expect(folds()).toEqual([true, false]);
  });

  test("lets an answer grow, and take the place of its draft", async () => {
    const port = await shown();
    const draft = row("d", { turn: "m2", kind: "assistant", rev: 5 });
    const html = '<div class="dari-answer"><p>draft</p></div>';
    const begins = { id: "d", of: "d", base: 0, rev: 5, edits: [[0, 0, html] as never] };
    port.news(6, [draft], { growths: [begins] });
    await eventually(() => expect(item("d").textContent).toContain("draft"));
    const paragraph = item("d").querySelector("p");
    const end = html.indexOf("</p>");
    const grows = { id: "a3", of: "d", base: 5, rev: 6, edits: [[end, end, "ed"] as never] };
    port.news(6, [{ ...draft, id: "a3", rev: 6 }], { growths: [grows] });
    await eventually(() => expect(item("a3").textContent).toContain("drafted"));
    expect(item("a3").querySelector("p")).toBe(paragraph);
  });

  test("ignores messages and fields that it doesn't know", async () => {
    const port = await shown();
    port.tell({ kind: "weather", n: 5, first: 0 }, []);
    port.news(6, [{ ...row("u3"), mood: "odd" } as never]);
    await eventually(() => expect(items()).toHaveLength(7));
    expect(port.bodies("rows")).toHaveLength(1);
  });

  test("tells the kernel where the reader is, and goes where the kernel says", async () => {
    const port = await shown();
    item("a1").focus();
    expect(port.traits.active).toBe("a1");
    port.push({ active: "c2" });
    expect(item("c2").classList).toContain("dari-here");
    hasFocus(item("a1"));
  });

  test("says that nothing is there", async () => {
    const port = new TranscriptPort();
    port.rows = [];
    inSight();
    show(transcriptReader, port);
    await eventually(() => expect(none().hidden).toBe(false));
    expect(log().hidden).toBe(true);
  });

  test("has a height that the kernel sets", async () => {
    const port = await shown();
    port.push({ height: 300 });
    expect(log().style.maxHeight).toBe("300px");
  });
});

describe("finding", () => {
  test("counts items, goes to the first, and opens what hides it", async () => {
    const port = await shown();
    await seek(port, "c1", "a1");
    expect(port.bodies("find")).toEqual([{ query: "words" }]);
    expect(count()).toMatch(/^1 of 2/);
    expect(port.traits.active).toBe("c1");
    expect(folds()).toEqual([true, false]);
    expect(spoken()).toBe(count());
  });

  test("steps with Enter, Shift+Enter and buttons, round the end", async () => {
    const port = await shown();
    await seek(port, "c1", "a1", "a2");
    search().focus();
    for (const [act, active] of [
      [() => press("Enter"), "a1"],
      [() => press("Enter", { shiftKey: true }), "c1"],
      [() => click(button(/Previous/)), "a2"],
      [() => click(button(/Next/)), "c1"],
    ] as const) {
      search().focus();
      act();
      expect(port.traits.active).toBe(active);
    }
  });

  test("says when nothing is found", async () => {
    const port = await shown();
    write(search(), "nowhere");
    await eventually(() => expect(port.bodies("find")).toHaveLength(1));
    await eventually(() => expect(count()).not.toBe(""));
    expect(document.querySelectorAll(".dari-find button:not([hidden])")).toHaveLength(0);
  });

  test("asks once for what is typed quickly", async () => {
    const port = await shown();
    for (const words of ["w", "wo", "words"]) write(search(), words);
    await eventually(() => expect(port.bodies("find")).toEqual([{ query: "words" }]));
  });
});

describe("kinds and tools", () => {
  test("narrow what is shown", async () => {
    await shown();
    click(kind("errors"));
    expect(kind("errors").getAttribute("aria-pressed")).toBe("true");
    expect(items()).toEqual(["c2"]);
    click(kind("you"));
    expect(items().sort()).toEqual(["c2", "u1", "u2"]);
    click(kind("errors"));
    click(kind("you"));
    choose(find("[aria-label=Tool]"), "search");
    expect(items()).toEqual(["c1"]);
    click(kind("errors"));
    expect([items(), none().hidden]).toEqual([[], false]);
  });

  test("are offered where there are some", async () => {
    const port = await shown();
    const tool = find("[aria-label=Tool]");
    expect([...tool.children].map((one) => (one as HTMLOptionElement).value)).toEqual([
      "",
      "read",
      "search",
    ]);
    port.news(1, []);
    expect(tool.hidden).toBe(true);
    expect(texts(".dari-kinds button:not([hidden])")).toHaveLength(1);
  });

  test("have buttons that open and close all", async () => {
    await shown();
    click(button("open all"));
    expect(folds()).toEqual([true, true]);
    click(button("close all"));
    expect(folds()).toEqual([false, false]);
  });
});

describe("the menu of an item", () => {
  /** happy-dom has no popovers. */
  const open = (id: string) => {
    const list = item(id).querySelector(".dari-menu-list") as HTMLElement;
    const event = Object.assign(new Event("beforetoggle"), { newState: "open" });
    list.hidePopover = vi.fn();
    list.dispatchEvent(event);
    return [...list.querySelectorAll("button")];
  };

  test.each(["text", "markdown", "json", "link"])("copies as %s", async (form) => {
    const port = await shown();
    const copied = vi.fn();
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: copied } });
    const entries = open("a1");
    click(entries.find((one) => one.textContent?.toLowerCase().endsWith(form)) as Element);
    await eventually(() => expect(copied).toHaveBeenCalledWith("copied"));
    expect(port.bodies("copy")).toEqual([{ id: "a1", form }]);
    await eventually(() => expect(spoken()).toMatch(/Copied/));
  });

  test("has what can be done with a message only there", async () => {
    const port = await shown();
    port.push({ branches: BRANCHES });
    const [answer, asked] = ["a1", "u2"].map((id) => open(id).length);
    expect(asked).toBe((answer ?? 0) + 2);
    port.push({ can_fork: false });
    expect(open("u2")).toHaveLength((answer ?? 0) + 1);
  });
});

describe("branches", () => {
  const group = () => find(".dari-branch");
  const field = () => find<HTMLTextAreaElement>(".dari-edit textarea");
  const edit = async (port: TranscriptPort) => {
    item("u2").focus();
    press("A");
    await eventually(() => expect(field().value).toBe("the words of it"));
    return port;
  };

  test("are named beside their message, with buttons", async () => {
    const port = await shown();
    port.push({ branches: BRANCHES });
    expect(group().closest(".dari-row")).toBe(item("u2"));
    expect(group().getAttribute("aria-label")).toMatch(/1 of 3/);
    expect(group().textContent).toContain("1 / 3");
    click(button("later"));
    await eventually(() => expect(port.bodies("branch")).toEqual([{ turn: "m2", by: 1 }]));
  });

  test("are said to be missing", async () => {
    const port = await shown();
    item("u2").focus();
    for (const key of ["[", "]", "="]) press(key);
    await eventually(() => expect(spoken()).toMatch(/no other/));
    expect(port.asked.map(([what]) => what).sort()).toEqual(["fragments", "rows"]);
  });

  test("begin with another message, sent by Ctrl+Enter", async () => {
    const port = await edit(await shown());
    write(field(), "other words");
    press("Enter", { ctrlKey: true });
    await eventually(() =>
      expect(port.bodies("again")).toEqual([{ turn: "m2", text: "other words" }]),
    );
  });

  test("aren't begun by Escape or Cancel, which lead back", async () => {
    const port = await shown();
    for (const leave of [() => press("Escape"), () => click(button("Cancel"))]) {
      await edit(port);
      leave();
      hasFocus(item("u2"));
      expect(document.querySelector(".dari-edit")).toBeNull();
    }
    expect(port.bodies("again")).toEqual([]);
  });

  test("say what is refused, and keep what was written", async () => {
    const port = await edit(await shown());
    write(field(), "  ");
    click(button("Ask again"));
    await eventually(() => expect(texts(".dari-edit [role=status]")[0]).toMatch(/empty/));
    write(field(), "half a thou");
    port.leave();
    click(button("Ask again"));
    await eventually(() => expect(texts(".dari-edit [role=status]")).toEqual([GONE]));
    expect(field().value).toBe("half a thou");
  });

  test("can't be begun where the server doesn't fork", async () => {
    const port = await shown(new TranscriptPort({ can_fork: false }));
    item("u2").focus();
    press("A");
    await settled();
    expect(port.bodies("prompt")).toEqual([]);
    expect(spoken()).not.toBe("");
  });
});

describe("a turn that runs", () => {
  test("is said, and stopped by a button", async () => {
    const port = await shown(new TranscriptPort({ note: "it runs", watch: "Stop it" }));
    expect(texts(".dari-watching [role=status]")).toEqual(["it runs"]);
    click(button("Stop it"));
    button("Stop it").click();
    await settled();
    expect(port.asked.filter(([what]) => what === "watch")).toHaveLength(1);
    port.push({ watch: "" });
    expect(find(".dari-watching").hidden).toBe(true);
    hasFocus(log());
  });
});

describe("a kernel that is gone", () => {
  test("is said where a transcript doesn't come", async () => {
    const port = new TranscriptPort();
    port.leave();
    inSight();
    show(transcriptReader, port);
    await eventually(() => expect(none().textContent).toBe(GONE));
    expect(none().hidden).toBe(false);
  });

  test("is said where nothing is looked for, and leaves the words", async () => {
    const port = await shown();
    port.leave();
    write(search(), "words");
    await eventually(() => expect(count()).toBe(GONE));
    expect(search().value).toBe("words");
    expect(items()).toHaveLength(6);
  });

  test.each(["r", "A"])("is said at key %s", async (key) => {
    const port = await shown();
    port.leave();
    item("u2").focus();
    press(key);
    await eventually(() => expect(spoken()).toBe(GONE));
  });
});
