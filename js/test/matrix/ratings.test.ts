import { beforeEach, expect, test } from "vitest";
import { GONE } from "../port";
import { button, click, eventually, find, hasFocus, press, settled, texts, write } from "../view";
import { at, cell, leaves, type MatrixPort, shown, small } from "./matrices";

let port: MatrixPort;
const note = () => find<HTMLInputElement>("input[aria-label=Note]");
const pressed = () => texts(".dari-rate [aria-pressed=true]");
const status = () => find(".dari-rate .dari-note").textContent;
const spoken = () => find("[role=status]").textContent;
const rated = () => port.bodies("rate");
const of = (id: string) => ({ cell: id, name: "rating" });
/** Leaves a field as a browser does. */
const leave = (field: HTMLInputElement) => {
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.blur();
};
const open = (id: string) => {
  at(id).focus();
  press("Enter");
};

beforeEach(async () => {
  port = await shown();
});

test.each(["1", "2", "3", "4", "5"])("rates the open cell with key %s", async (key) => {
  open("a/small/0");
  press(key);
  expect(rated()).toEqual([{ ...of("a/small/0"), value: Number(key) }]);
  await eventually(() => expect(spoken()).toMatch(new RegExp(`0.*${key} of 5`)));
  expect(pressed()).toEqual([key]);
});

test.each(["0", "Delete", "Backspace"])("clears the rating with key %s", async (key) => {
  port.news({ cells: [cell("a", "small", { scores: { rating: 4 } })] });
  open("a/small/0");
  expect(pressed()).toEqual(["4"]);
  press(key);
  await eventually(() => expect(pressed()).toEqual([]));
  expect(rated()).toEqual([{ ...of("a/small/0"), value: null }]);
});

test("rates with buttons, and clears with the pressed one", async () => {
  at("b/large/0").click();
  button("3").click();
  await eventually(() => expect(pressed()).toEqual(["3"]));
  button("3").click();
  await eventually(() => expect(pressed()).toEqual([]));
  expect(rated()).toEqual([3, null].map((value) => ({ ...of("b/large/0"), value })));
  expect(find(".dari-rate").getAttribute("role")).toBe("group");
});

test("rates the cell with the focus while a cell is open", async () => {
  at("a/small/0").focus();
  press("4");
  expect(port.asked).toEqual([]);
  press("Enter");
  press("ArrowDown");
  press("5");
  expect(rated()).toEqual([{ ...of("b/small/0"), value: 5 }]);
  expect(at("b/small/0").hasAttribute("data-open")).toBe(true);
  expect(port.traits.active).toBe("b/small/0");
});

test("goes on by keys from the cell whose number was clicked", async () => {
  open("a/small/0");
  click(button("4"));
  hasFocus(at("a/small/0"));
  press("ArrowDown");
  press("3");
  expect(rated()).toEqual([
    { ...of("a/small/0"), value: 4 },
    { ...of("b/small/0"), value: 3 },
  ]);
});

test("draws a cell again as the answer to its rating says", async () => {
  const html = "<p>rating 5</p>";
  port.answer = (what) =>
    what === "rate"
      ? { value: 5, note: "", kept: 1, cells: [cell("a", "small", { html })] }
      : { head: "", items: [] };
  open("a/small/0");
  press("5");
  await eventually(() => expect(at("a/small/0").textContent).toBe("rating 5"));
  hasFocus(at("a/small/0"));
});

test("rates wherever the focus is in the pane", () => {
  at("b/small/0").click();
  find(".dari-log").focus();
  press("5");
  expect(rated()).toEqual([{ ...of("b/small/0"), value: 5 }]);
  const asked = port.asked.length;
  for (const key of [" ", "ArrowDown", "Enter"]) press(key);
  for (const held of ["ctrlKey", "metaKey", "altKey"]) press("3", { [held]: true });
  expect(port.asked).toHaveLength(asked);
  expect(port.traits.selection).toEqual([]);
});

test("ignores digits without a score to rate, and after Escape", () => {
  open("a/small/0");
  press("Escape");
  press("3");
  port.push({ rating: "" });
  open("a/small/0");
  press("3");
  expect(rated()).toEqual([]);
  expect(find(".dari-rate").hidden).toBe(true);
});

test("rates under the name of the score", () => {
  port.push({ rating: "helpful" });
  open("a/small/0");
  press("2");
  expect(rated()).toEqual([{ cell: "a/small/0", name: "helpful", value: 2 }]);
});

test("shows a rating that the kernel tells of", async () => {
  open("a/small/0");
  const noted = { scores: { rating: 3 }, notes: { rating: "short" } };
  port.news({ cells: [cell("a", "small", noted)] });
  expect(pressed()).toEqual(["3"]);
  expect(note().value).toBe("short");
});

test("says why a rating wasn't saved, and shows none", async () => {
  port.answer = (what) => {
    if (what === "rate") throw new Error("Disk full.");
    return { head: "", items: [] };
  };
  open("b/large/0");
  press("1");
  await eventually(() => expect(status()).toContain("Disk full."));
  expect(find(".dari-rate .dari-note").hasAttribute("data-error")).toBe(true);
  expect(spoken()).toContain("Disk full.");
  expect(pressed()).toEqual([]);
  expect(at("b/large/0").hasAttribute("data-open")).toBe(true);
});

test("says of the open cell only what was saved of it", async () => {
  let save = (_: object) => {};
  port.answer = (what) =>
    what === "rate"
      ? new Promise((resolve) => {
          save = resolve;
        })
      : { head: "", items: [] };
  open("a/small/0");
  press("4");
  at("a/large/0").click();
  save({ value: 4, note: "" });
  await eventually(() => expect(spoken()).toMatch(/0.*4 of 5/));
  expect(status()).toBe("");
});

test("keeps rating a cell that a filter hides", async () => {
  at("b/small/0").click();
  port.push({ where: "a" });
  await leaves(port, { a: {} });
  expect(document.querySelector('[data-cell="b/small/0"]')).toBeNull();
  click(button("4"));
  press("5");
  expect(rated()).toEqual([4, 5].map((value) => ({ ...of("b/small/0"), value })));
  expect(find(".dari-pane").contains(document.activeElement)).toBe(true);
});

test("keeps the row of the open cell while its rating takes it out", async () => {
  port.push({ where: "rating < 3" });
  await leaves(port, { a: {}, b: {} });
  at("b/small/0").click();
  await leaves(port, { a: {} });
  expect(texts("tbody th")).toEqual(["task a", "task b"]);
  press("Escape");
  await leaves(port, { a: {} });
  expect(texts("tbody th")).toEqual(["task a"]);
});

test("writes a note with n, and saves it with Enter", async () => {
  at("b/small/0").focus();
  press("n");
  hasFocus(note());
  for (const key of ["2", "n", "c", "?", "Delete"]) press(key);
  note().value = "a bit short";
  press("Enter");
  hasFocus(at("b/small/0"));
  await eventually(() => expect(rated()).toEqual([{ ...of("b/small/0"), note: "a bit short" }]));
  expect(find(".dari-pane").hidden).toBe(false);
  expect(find(".dari-sheet").hidden).toBe(true);
});

test("saves a note when its field is left", async () => {
  const scores = { rating: 2 };
  port.news({ cells: [cell("a", "small", { scores, notes: { rating: "so so" } })] });
  open("a/small/0");
  press("n");
  expect(note().value).toBe("so so");
  note().value = "fine";
  leave(note());
  leave(note());
  expect(rated()).toEqual([{ ...of("a/small/0"), note: "fine" }]);
  expect(pressed()).toEqual(["2"]);
});

test("saves a note when the page goes or the reader clicks elsewhere", () => {
  at("a/small/0").click();
  note().focus();
  note().value = "one";
  note().dispatchEvent(new Event("pointerdown", { bubbles: true }));
  expect(rated()).toEqual([]);
  document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  note().value = "two";
  for (const _ of [1, 2]) window.dispatchEvent(new Event("pagehide"));
  expect(rated()).toEqual(["one", "two"].map((text) => ({ ...of("a/small/0"), note: text })));
});

test("saves nothing of a note that wasn't changed", () => {
  port.news({ cells: [cell("a", "small", { notes: { rating: "so so" } })] });
  at("a/small/0").click();
  note().focus();
  window.dispatchEvent(new Event("pagehide"));
  press("Enter");
  expect(rated()).toEqual([]);
});

test("clears a note", () => {
  port.news({ cells: [cell("a", "small", { notes: { rating: "so so" } })] });
  open("a/small/0");
  press("n");
  note().value = "";
  press("Enter");
  expect(rated()).toEqual([{ ...of("a/small/0"), note: "" }]);
});

test("undoes a note with Escape, which leaves the cell open", () => {
  port.news({ cells: [cell("a", "small", { notes: { rating: "so so" } })] });
  open("a/small/0");
  press("n");
  note().value = "half a thou";
  press("Escape", { isComposing: true });
  hasFocus(note());
  press("Escape");
  expect(note().value).toBe("so so");
  hasFocus(at("a/small/0"));
  expect(find(".dari-pane").hidden).toBe(false);
  expect(rated()).toEqual([]);
});

test("has a field of its own for the note of each cell", () => {
  open("a/small/0");
  const first = note();
  press("n");
  first.value = "of a";
  press("Enter");
  press("ArrowDown");
  press("Enter");
  expect(note()).not.toBe(first);
  expect(note().value).toBe("");
  press("n");
  note().value = "of b";
  press("Enter");
  expect(rated()).toEqual([
    { ...of("a/small/0"), note: "of a" },
    { ...of("b/small/0"), note: "of b" },
  ]);
});

test("keeps a reader at the note when another cell becomes active", () => {
  at("a/small/0").click();
  press("n");
  note().focus();
  note().value = "half";
  port.push({ active: "b/small/0" });
  hasFocus(note());
  expect(note().value).toBe("half");
  press("Enter");
  expect(rated()).toEqual([{ ...of("a/small/0"), note: "half" }]);
});

test("saves a note of its own cell when another matrix comes", () => {
  at("a/small/0").click();
  note().focus();
  note().value = "so so";
  note().addEventListener("blur", () => leave(note()), { once: true });
  port.bring(small("A", "B"));
  expect(rated()).toEqual([{ ...of("a/small/0"), note: "so so" }]);
  expect(find(".dari-pane").hidden).toBe(true);
});

test("keeps a note that wasn't saved in its field, and saves it again with Enter", async () => {
  let isFull = true;
  port.answer = (what, body: object) => {
    if (what !== "rate") return { head: "", items: [] };
    if (isFull) throw new Error("Disk full.");
    return { ...body, value: null };
  };
  open("a/small/0");
  press("n");
  note().value = "fine";
  press("Enter");
  await eventually(() => expect(status()).toContain("Disk full."));
  at("b/small/0").click();
  expect(note().value).toBe("");
  open("a/small/0");
  expect(note().value).toBe("fine");
  isFull = false;
  press("n");
  press("Enter");
  await eventually(() => expect(find(".dari-rate .dari-note").dataset.error).toBeUndefined());
  expect(rated()).toEqual(Array(2).fill({ ...of("a/small/0"), note: "fine" }));
});

test("loses no note when the kernel is gone", async () => {
  open("a/small/0");
  press("n");
  note().value = "half of it";
  port.leave();
  press("Enter");
  await eventually(() => expect(status()).toContain(GONE.slice(0, -1)));
  expect(note().value).toBe("half of it");
  press("5");
  await settled();
  expect(pressed()).toEqual([]);
  at("b/small/0").click();
  at("a/small/0").click();
  expect(note().value).toBe("half of it");
  expect(rated()).toEqual([]);
});

test("says which value is best", () => {
  at("a/small/0").click();
  expect(texts(".dari-rate button")).toEqual(["1", "2", "3", "4", "5"]);
  expect(texts(".dari-rate small")).toHaveLength(2);
  write(note(), "typed");
  expect(rated()).toEqual([]);
});
