// @ts-expect-error: the types of Node aren't installed
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { button, click, eventually, find, hasFocus, listed, press, texts } from "../view";
import { at, cell, column, type MatrixPort, row, shown, small } from "./matrices";

let port: MatrixPort;
const focused = () => (document.activeElement as HTMLElement).dataset.cell;
const pane = () => find(".dari-pane");
/** What is in the tab order of the table. */
const entries = () => texts("td[tabindex='0']");
const many = () => {
  const rows = Array.from({ length: 20 }, (_, n) => row(`r${n}`, n));
  const cells = rows.flatMap(({ id }) => ["small", "large"].map((llm) => cell(id, llm)));
  return { columns: small().columns, rows, cells };
};

beforeEach(async () => {
  port = await shown();
  at("a/small/0").focus();
});

/** What each key does that the kernel lists for the reader. */
const DOES: Record<string, () => void> = {
  "↑": () => moves("ArrowUp", "b/large/0", "a/large/0"),
  "↓": () => moves("ArrowDown", "a/small/0", "b/small/0"),
  "←": () => moves("ArrowLeft", "b/large/0", "b/small/0"),
  "→": () => moves("ArrowRight", "a/small/0", "a/large/0"),
  Enter() {
    press("Enter");
    expect(port.asked).toEqual([["cell", { cells: ["a/small/0"] }]]);
    expect(port.traits.active).toBe("a/small/0");
  },
  Space() {
    press(" ");
    expect(port.traits.selection).toEqual(["a/small/0"]);
  },
  c() {
    port.push({ selection: ["a/small/0", "b/large/0"] });
    press("c");
    expect(port.bodies("compare")).toEqual([{ cells: ["a/small/0", "b/large/0"] }]);
  },
  "1–5"() {
    press("Enter");
    press("4");
    expect(port.bodies("rate")).toMatchObject([{ cell: "a/small/0", value: 4 }]);
  },
  "0": () => clears("0"),
  Delete: () => clears("Delete"),
  n() {
    press("n");
    hasFocus(find("[aria-label=Note]"));
    expect(port.traits.active).toBe("a/small/0");
  },
  "?"() {
    press("?");
    expect(listed()).toEqual(["Enter"]);
    press("?");
    expect(listed()).toEqual([]);
  },
  Esc() {
    press("Enter");
    press("Escape");
    expect([pane().hidden, port.traits.active]).toEqual([true, ""]);
  },
};

function moves(key: string, from: string, to: string): void {
  at(from).focus();
  expect(press(key).defaultPrevented).toBe(true);
  expect(focused()).toBe(to);
}

function clears(key: string): void {
  press("Enter");
  press(key);
  expect(port.bodies("rate")).toMatchObject([{ cell: "a/small/0", value: null }]);
}

test.each(Object.entries(DOES))("hears %s", (_, check) => check());

test("hears every key that the kernel lists", () => {
  const source = String(readFileSync("../dari_nb/widgets/matrix/keys.py"));
  const rows = [...source.matchAll(/^ {4}\("([^"]+)", "/gm)];
  const keys = rows.flatMap(([, names]) => JSON.parse(`"${names?.replace(/\\N{EN DASH}/, "–")}"`));
  const all = keys.flatMap((names: string) => names.split(" "));
  expect(all.sort()).toEqual(Object.keys(DOES).sort());
});

describe("in the table", () => {
  test.each([
    ["Home", {}, "b/large/0", "b/small/0"],
    ["End", {}, "a/small/0", "a/large/0"],
    ["End", { ctrlKey: true }, "a/small/0", "b/large/0"],
    ["Home", { ctrlKey: true }, "b/large/0", "a/small/0"],
    ["ArrowUp", { ctrlKey: true }, "b/large/0", "a/large/0"],
    ["ArrowRight", { metaKey: true }, "a/small/0", "a/large/0"],
  ])("%s with %j goes from %s", (key, held, from, to) => {
    at(from).focus();
    press(key, held);
    expect(focused()).toBe(to);
  });

  test.each(["ArrowUp", "PageUp", "ArrowLeft", "Home"])("%s scrolls nothing at an edge", (key) => {
    expect(press(key).defaultPrevented).toBe(true);
    expect(focused()).toBe("a/small/0");
  });

  test("PageDown goes eight rows down", async () => {
    port.bring(many());
    await eventually(() => at("r0/large/0").focus());
    press("PageDown");
    expect(focused()).toBe("r8/large/0");
    press("ArrowDown", { ctrlKey: true });
    expect(focused()).toBe("r19/large/0");
    press("PageUp");
    expect(focused()).toBe("r11/large/0");
  });

  test("one cell is in the tab order: the last one", () => {
    expect(entries()).toEqual(["answer a small"]);
    press("ArrowRight");
    press("ArrowDown");
    expect(entries()).toEqual(["answer b large"]);
  });

  test("one cell is in the tab order after rows went and came", async () => {
    at("b/large/0").focus();
    at("b/large/0").blur();
    port.left({ a: {} });
    port.left({ a: {}, b: {} });
    await eventually(() => expect(texts("tbody th")).toHaveLength(2));
    expect(entries()).toHaveLength(1);
  });

  test("keys step over repeats that came out alike", async () => {
    const cells = [
      cell("a", "small", { repeat: 1, within: "a/small/0", html: "" }),
      cell("a", "large", { repeat: 1 }),
    ];
    port.news({ cells });
    await eventually(() => at("a/large/1"));
    for (const [key, to] of [
      ["ArrowDown", "b/small/0"],
      ["ArrowUp", "a/small/0"],
      ["ArrowRight", "a/large/0"],
      ["ArrowDown", "a/large/1"],
      ["ArrowLeft", "a/small/0"],
    ] as const) {
      press(key);
      expect(focused()).toBe(to);
    }
  });

  test("letters with Ctrl, Alt or Meta mean nothing", () => {
    port.push({ selection: ["a/small/0", "b/large/0"] });
    for (const held of ["ctrlKey", "metaKey", "altKey"])
      for (const key of ["c", "n", "?", "4", "Enter"]) press(key, { [held]: true });
    expect(port.asked).toEqual([]);
    expect(listed()).toEqual([]);
  });

  test("an arrow leads to the numbers of a task and back", () => {
    const figures = ["low", "high"].map((answer) => `<button data-where="a = ${answer}"></button>`);
    port.news({ rows: [row("a", 0, { html: `<p>task a</p>${figures.join("")}` })] });
    press("ArrowLeft");
    hasFocus(find("tbody [data-where]"));
    press("ArrowRight");
    hasFocus(find('[data-where="a = high"]'));
    press("ArrowRight");
    expect(focused()).toBe("a/small/0");
  });

  test("numbers of the heads are one stop, and arrows lead on", () => {
    const [first, second] = document.querySelectorAll<HTMLElement>("thead [data-where]");
    expect([first?.tabIndex, second?.tabIndex]).toEqual([0, -1]);
    first?.focus();
    press("ArrowRight");
    hasFocus(second as Element);
    expect([first?.tabIndex, second?.tabIndex]).toEqual([-1, 0]);
  });

  test("numbers that are folded away take no focus", () => {
    const number = (where: string) => `<button data-where="${where}">1</button>`;
    const folded = `<details><summary>more</summary>${number("b = 1")}</details>`;
    port.push({ against: `<p>${number("a = 1")}${folded}</p>` });
    find('[data-where="a = 1"]').focus();
    press("ArrowRight");
    expect(document.activeElement).not.toBe(find('[data-where="b = 1"]'));
    expect(find('[data-where="a = 1"]').tabIndex).toBe(0);
  });
});

describe("the pane", () => {
  test("Escape leads back to its cell", async () => {
    at("b/small/0").focus();
    press("Enter");
    find(".dari-log").focus();
    press("Escape");
    expect(focused()).toBe("b/small/0");
    expect(at("b/small/0").hasAttribute("data-open")).toBe(false);
  });

  test("Escape closes a comparison and leads to its last cell", () => {
    port.push({ selection: ["a/small/0", "b/large/0"] });
    press("c");
    find(".dari-log").focus();
    press("Escape");
    expect(focused()).toBe("b/large/0");
    expect(port.traits.selection).toHaveLength(2);
  });

  test("follows the focus once it rests", async () => {
    press("Enter");
    press("ArrowDown");
    press("ArrowRight");
    await eventually(() => expect(port.traits.active).toBe("b/large/0"));
    expect(port.bodies("cell")).toEqual([{ cells: ["a/small/0"] }, { cells: ["b/large/0"] }]);
    expect(focused()).toBe("b/large/0");
  });

  test("letters in a field are text", () => {
    find("[name=where]").focus();
    for (const key of ["c", "n", "?", "4", " "]) expect(press(key).defaultPrevented).toBe(false);
    expect([port.asked, listed()]).toEqual([[], []]);
  });

  test("has a button for the list of keys", () => {
    click(button("Keys"));
    expect(listed()).toEqual(["Enter"]);
  });

  test("c needs two selected cells", () => {
    press(" ");
    press("c");
    expect(port.bodies("compare")).toEqual([]);
    expect(pane().hidden).toBe(true);
  });
});

test("columns that are repeats of one LLM are gone through alike", async () => {
  const cells = [0, 1].map((repeat) => cell("a", "small", { repeat }));
  port.bring({ columns: [column("small")], rows: [row("a", 0)], cells });
  await eventually(() => at("a/small/0").focus());
  press("ArrowRight");
  expect(focused()).toBe("a/small/1");
});
