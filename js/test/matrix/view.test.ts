import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Questions } from "../../src/host/port";
import { matrix } from "../../src/matrix/component";
import { cell, column, row, Side, small } from "./matrices";

let side: Side;
let closing: AbortController;
let el: HTMLElement;

const texts = (selector: string) =>
  [...el.querySelectorAll(selector)].map((element) => element.textContent?.trim());
const at = (id: string) => el.querySelector<HTMLElement>(`[data-cell="${id}"]`) as HTMLElement;
const settled = () => vi.waitFor(() => expect(el.querySelector("tbody")).not.toBeNull());
/** Tells what is left, and waits until that is drawn. */
const find = (...told: Parameters<Side["find"]>) => {
  side.find(...told);
  return drawn();
};
const drawn = () => new Promise(requestAnimationFrame);
const note = () => texts(".dari-tools > .dari-note")[0];
const focused = () => (document.activeElement as HTMLElement).dataset.cell;

function press(key: string, options: KeyboardEventInit = {}): void {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options });
  document.activeElement?.dispatchEvent(event);
}

beforeEach(async () => {
  side = new Side();
  closing = new AbortController();
  el = document.body.appendChild(document.createElement("div"));
  matrix(side as never, closing.signal)(el, closing.signal);
  side.deliver(0, 1, small());
  await settled();
});

afterEach(() => {
  closing.abort();
  document.body.replaceChildren();
});

/** News of what the first cell is rated. */
const news = (value: number) => ({
  columns: small().columns,
  rows: [],
  cells: [cell("a", "small", { scores: { rating: value } })],
});

describe("a matrix", () => {
  test("has a row for each task and a cell for each LLM", () => {
    expect(texts("thead th")).toEqual(["Task", "small 0.5", "large 0.5"]);
    expect(texts("tbody th")).toEqual(["task a", "task b"]);
    expect(texts("td")).toEqual([
      "answer a small",
      "answer a large",
      "answer b small",
      "answer b large",
    ]);
  });

  test("begins at its top in a new order or with a new filter, and stays where it is else", async () => {
    const grid = el.querySelector(".dari-grid") as HTMLElement;
    at("b/large/0").focus();
    side.set({ selection: ["b/large/0"] });
    for (const asked of [{ order: "-task" }, { where: "task" }, { baseline: "small" }]) {
      grid.scrollTop = 400;
      side.set(asked);
      expect(grid.scrollTop).toBe(400);
      await find({ a: {}, b: {} });
      expect(grid.scrollTop).toBe(0);
    }
    grid.scrollTop = 400;
    side.set({ selection: [], score: "right" });
    side.deliver(1, 2, { columns: small().columns, rows: [row("c", 2)], cells: [] });
    await drawn();
    expect(grid.scrollTop).toBe(400);
    expect(focused()).toBe("b/large/0");
  });

  test("draws again only the cells that changed", () => {
    const untouched = at("a/large/0").firstChild;
    const news = cell("a", "small", { state: "running", html: "<p>half</p>" });
    side.deliver(1, 2, { columns: small().columns, rows: [], cells: [news] });
    expect(at("a/small/0").textContent).toBe("half");
    expect(at("a/small/0").dataset.state).toBe("running");
    expect(at("a/large/0").firstChild).toBe(untouched);
  });

  test("asks once for what it missed, and shows what came in any case", () => {
    const late = {
      columns: small().columns,
      rows: [],
      cells: [cell("a", "small", { html: "new" })],
    };
    side.deliver(3, 4, late);
    side.deliver(4, 5, late);
    expect(at("a/small/0").textContent).toBe("new");
    expect(side.sent).toEqual([{ kind: "hello", n: 1 }]);
    side.deliver(1, 5, late);
    side.deliver(8, 9, late);
    expect(side.sent.slice(1)).toEqual([{ kind: "hello", n: 5 }]);
  });

  test("grows by rows, columns and repeats", async () => {
    const columns = [...small().columns, column("huge")];
    const cells = [cell("c", "huge"), cell("a", "small", { repeat: 1 })];
    side.deliver(1, 2, { columns, rows: [row("c", 2)], cells });
    await vi.waitFor(() => expect(texts("tbody th")).toEqual(["task a", "task b", "task c"]));
    expect(el.querySelectorAll("tbody tr")).toHaveLength(4);
    expect(at("a/small/1").closest("tr")?.previousElementSibling).toBe(
      at("a/small/0").closest("tr"),
    );
    expect(el.querySelectorAll("td:not([data-cell])").length).toBe(12 - 6);
  });

  test("puts the repeats of a single LLM beside each other", async () => {
    const cells = [0, 1, 2].map((repeat) => cell("a", "small", { repeat }));
    side.deliver(1, 2, { columns: [column("small")], rows: [], cells });
    await vi.waitFor(() => expect(texts("thead th")).toHaveLength(4));
    expect(texts("thead th")).toEqual(["Task", "small · 0", "small · 1", "small · 2"]);
    expect(at("a/small/2").closest("tr")).toBe(at("a/small/0").closest("tr"));
  });

  test("another matrix leaves nothing of the one before, whatever of it is open or focused", async () => {
    side.set({ selection: ["a/small/0", "a/large/0"], same: "2 tasks" });
    at("a/small/0").click();
    el.querySelector<HTMLElement>("[name=where]")?.focus();
    await vi.waitFor(() => expect(texts(".dari-pane header")).toEqual(["head"]));
    const tools = `<input name="where"><input name="blind" type="checkbox">`;
    side.answer = async () => ({ head: "blind", items: [] });
    side.set({ blind: true, active: "", selection: [], tools, head: "", same: "" });
    side.bring(small("B", "A"));
    await drawn();
    expect(texts("thead th")).toEqual(["Task", "B 0.5", "A 0.5"]);
    expect(texts("td").slice(0, 2)).toEqual(["answer a B", "answer a A"]);
    expect(el.outerHTML).not.toMatch(/large|a\/small/);
    expect(el.dataset.open).toBeUndefined();
    expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(true);
    expect((document.activeElement as HTMLInputElement).name).toBe("where");
    expect(el.querySelector<HTMLInputElement>("[name=blind]")?.checked).toBe(true);
    at("a/A/0").click();
    expect(side.asked.at(-1)).toEqual(["cell", { cells: ["a/A/0"] }]);
    await vi.waitFor(() => expect(texts(".dari-pane header")).toEqual(["blind"]));
    side.set({ blind: false, active: "b/large/0" });
    side.bring(small());
    await drawn();
    expect(el.outerHTML).not.toMatch(/a\/A|answer a A/);
    expect(side.asked.at(-1)).toEqual(["cell", { cells: ["b/large/0"] }]);
    expect(side.sent).toEqual([]);
  });

  test("a view that comes after another matrix has come keeps its place at the next news", async () => {
    const until = new AbortController();
    const component = matrix(side as never, until.signal);
    side.bring(small("A", "B"));
    const late = document.body.appendChild(document.createElement("div"));
    component(late, until.signal);
    await vi.waitFor(() => expect(late.querySelector("[data-cell='a/A/0']")).not.toBeNull());
    late.querySelector<HTMLElement>("[data-cell='a/A/0']")?.focus();
    const news = cell("a", "A", { html: "<p>rated</p>" });
    side.deliver(1, 2, { columns: small("A", "B").columns, rows: [], cells: [news] });
    await drawn();
    expect(document.activeElement?.textContent).toBe("rated");
    expect(late.contains(document.activeElement)).toBe(true);
    until.abort();
  });

  test("news of another matrix that miss what came first are asked for from the beginning", () => {
    const late = { columns: small("A", "B").columns, rows: [], cells: [cell("a", "A")] };
    side.matrix = 3;
    side.deliver(4, 5, late);
    expect(side.sent).toEqual([{ kind: "hello", n: 0 }]);
    side.deliver(0, 5, small("A", "B"));
    side.deliver(5, 6, late);
    expect(side.sent).toHaveLength(1);
  });

  test("a menu that lacks what was asked for shows its first line again when nothing is", () => {
    const order = '<select name="order"><option value="">In task order</option></select>';
    side.set({ tools: `<input name="where"><datalist></datalist>${order}` });
    const menu = el.querySelector<HTMLSelectElement>("[name=order]") as HTMLSelectElement;
    side.set({ order: "qual" });
    expect(menu.selectedIndex).toBe(-1);
    side.set({ order: "" });
    expect(menu.selectedIndex).toBe(0);
  });

  test("shows the rows that the kernel finds by the fields, and counts them", async () => {
    const filter = el.querySelector<HTMLInputElement>("[name=where]") as HTMLInputElement;
    filter.value = "tier=gold";
    filter.dispatchEvent(new Event("input", { bubbles: true }));
    expect(side.traits.where).toBe("tier=gold");
    await find({ a: {} });
    expect(texts("tbody th")).toEqual(["task a"]);
    expect(note()).toBe("1 of 2 tasks");
    side.set({ where: "lenght<3" });
    await find({}, "there is no lenght");
    expect(texts("tbody th")).toEqual([]);
    expect(note()).toBe("0 of 2 tasks: there is no lenght");
  });

  test("what is found by the fields is said, too", async () => {
    const said = () => texts("[role=status]")[0];
    at("a/small/0").click();
    press("n");
    el.querySelector<HTMLElement>(".dari-rate [value='4']")?.click();
    await vi.waitFor(() => expect(said()).toBe("Task 0: saved: 4 of 5"));
    const filter = el.querySelector<HTMLInputElement>("[name=where]") as HTMLInputElement;
    filter.value = "zzz";
    filter.dispatchEvent(new Event("input", { bubbles: true }));
    await find({});
    expect(said()).toBe("0 of 2 tasks");
  });

  test("says that the kernel does not answer rather than show what was asked for before", async () => {
    vi.useFakeTimers();
    const grid = el.querySelector(".dari-grid");
    side.set({ where: "tier = gold" });
    vi.advanceTimersByTime(700);
    side.set({ where: "tier = golden" });
    expect(note()).toBe("");
    vi.advanceTimersByTime(200);
    expect(note()).toBe(
      "The kernel does not answer yet, and may be busy with a cell; this shows when it does.",
    );
    expect(grid?.getAttribute("aria-busy")).toBe("true");
    vi.useRealTimers();
    await find({ b: {} });
    expect(note()).toBe("1 of 2 tasks");
    expect(grid?.getAttribute("aria-busy")).toBe("false");
    vi.useFakeTimers();
    side.set({ blind: true });
    vi.advanceTimersByTime(900);
    expect(note()).toBe(
      "The kernel does not answer yet, and may be busy with a cell; this shows when it does.",
    );
    vi.useRealTimers();
  });

  test("numbers that are folded away take no focus, and no place where Tab enters", () => {
    const number = (where: string) => `<button data-where="${where}">1</button>`;
    const folded = `<details><summary>more</summary>${number("cost = *")}</details>`;
    side.set({ against: `<p>${number("right = yes")}${folded}</p>` });
    const [first, hidden] = el.querySelectorAll<HTMLElement>(".dari-seen [data-where]");
    first?.focus();
    press("ArrowRight");
    expect(document.activeElement).not.toBe(hidden);
    expect(first?.tabIndex).toBe(0);
  });

  test("shows the cells behind a number, by click or Enter, and all when it is chosen again", async () => {
    const [first, second] = el.querySelectorAll<HTMLElement>("thead [data-where]");
    first?.click();
    expect(side.traits.where).toBe("column = small right = *");
    await find({ b: { fit: [0] } });
    expect(texts("tbody th")).toEqual(["task b"]);
    expect(at("b/small/0").hasAttribute("data-fit")).toBe(true);
    expect(at("b/large/0").hasAttribute("data-fit")).toBe(false);
    expect(texts("[role=status]")).toEqual(["1 of 2 tasks"]);
    first?.focus();
    expect([first?.tabIndex, second?.tabIndex]).toEqual([0, -1]);
    press("ArrowRight");
    expect(document.activeElement).toBe(second);
    expect([first?.tabIndex, second?.tabIndex]).toEqual([-1, 0]);
    first?.click();
    expect(side.traits.where).toBe("");
    await find({ a: {}, b: {} });
    expect(texts("tbody th")).toEqual(["task a", "task b"]);
  });

  test("a number that was chosen keeps the focus, and any arrow leads to the cells found by it", async () => {
    const html =
      '<p>task b</p><small><button data-where="number = 1 answer = low" tabindex="-1">low</button></small>';
    side.deliver(1, 2, { columns: small().columns, rows: [{ ...row("b", 1), html }], cells: [] });
    for (const key of ["ArrowDown", "ArrowUp", "ArrowRight"]) {
      at("b/small/0").focus();
      press("ArrowLeft");
      const chosen = document.activeElement as HTMLElement;
      expect(chosen.textContent).toBe("low");
      chosen.click();
      expect(side.traits.where).toBe("number = 1 answer = low");
      await find({ b: { fit: [1] } });
      expect(document.activeElement).toBe(chosen);
      press(key);
      expect(focused()).toBe("b/large/0");
      chosen.click();
      await find({ a: {}, b: {} });
      expect(focused()).toBe("b/large/0");
    }
  });

  test("arrows lead from a cell to the numbers of its task and back", () => {
    const html =
      '<p>task a</p><small><button data-where="answer = low" tabindex="-1">low 2×</button></small>';
    side.deliver(1, 2, { columns: small().columns, rows: [{ ...row("a", 0), html }], cells: [] });
    at("a/small/0").focus();
    press("ArrowLeft");
    expect(document.activeElement?.textContent).toBe("low 2×");
    press("ArrowRight");
    expect(focused()).toBe("a/small/0");
  });

  test("a baseline puts first what got worse, marks it, and forgets what was said of another", async () => {
    side.set({ against: "<p>stale</p>" });
    expect(texts(".dari-seen")).toEqual(["stale"]);
    const baseline = el.querySelector<HTMLSelectElement>("[name=baseline]") as HTMLSelectElement;
    baseline.value = "small";
    baseline.dispatchEvent(new Event("input", { bubbles: true }));
    expect(side.traits).toMatchObject({ baseline: "small", against: "" });
    expect(texts(".dari-seen")).toEqual([""]);
    await find({ b: { marks: { 1: "▼ worse" } }, a: { marks: { 1: "▲ better" } } });
    expect(texts("tbody th")).toEqual(["task b", "task a"]);
    const marked = ["a", "b"].map((id) => at(`${id}/large/0`));
    expect(marked.map(({ dataset }) => dataset.change)).toEqual(["▲ better", "▼ worse"]);
    expect(marked[1]?.style.getPropertyValue("--change")).toBe('"▼ worse"');
    expect(at("b/small/0").dataset.change).toBeUndefined();
  });

  test("a mark on one of several answers says that it is of all of them", async () => {
    const other = cell("a", "large", { repeat: 1 });
    side.deliver(1, 2, { columns: small().columns, rows: [], cells: [other] });
    side.set({ baseline: "small" });
    await find({ a: { marks: { 1: "▼ worse" } }, b: { marks: { 1: "▼ worse" } } });
    const marks = ["a", "b"].map((id) => at(`${id}/large/0`).dataset.change);
    expect(marks).toEqual(["▼ worse+", "▼ worse"]);
    expect(at("a/large/1").dataset.change).toBeUndefined();
  });

  test("what meets the conditions is marked, also a repeat that another one shows", async () => {
    const cells = [1, 2].map((repeat) => cell("a", "large", { repeat, within: "a/large/1" }));
    side.deliver(1, 2, { columns: small().columns, rows: [], cells });
    side.set({ where: "right = no" });
    await find({ a: { fit: [5] }, b: { fit: [0] } });
    const fit = [...el.querySelectorAll<HTMLElement>("[data-fit]")];
    expect(fit.map((one) => one.dataset.cell)).toEqual(["a/large/1", "b/small/0"]);
  });

  test("the field offers conditions, after those that are written already", () => {
    const field = el.querySelector<HTMLInputElement>("[name=where]") as HTMLInputElement;
    const option = el.querySelector<HTMLOptionElement>("datalist option");
    expect(field.getAttribute("list")).toBe(el.querySelector("datalist")?.id);
    for (const [value, offered] of [
      ["ti", "tier = gold"],
      ["tier != basic ti", "tier != basic tier = gold"],
      ["tier = n", "tier = gold"],
      ["right = no ", "right = no tier = gold"],
      ['right = no "my topic" = "far', "right = no tier = gold"],
    ]) {
      field.value = value as string;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      expect(option?.value).toBe(offered);
    }
  });

  test("says stop to the kernel once", () => {
    side.set({ busy: true });
    const stop = el.querySelector<HTMLButtonElement>("[name=stop]");
    stop?.click();
    stop?.click();
    expect(side.asked.map(([what]) => what)).toEqual(["stop"]);
  });
});

describe("keys", () => {
  test("one cell is in the tab order, and arrows move over the others", () => {
    expect(texts("td[tabindex='0']")).toEqual(["answer a small"]);
    at("a/small/0").focus();
    for (const key of ["ArrowRight", "ArrowDown", "ArrowDown"]) press(key);
    expect(focused()).toBe("b/large/0");
    press("Home");
    expect(focused()).toBe("b/small/0");
    press("End", { ctrlKey: true });
    press("ArrowUp", { ctrlKey: true });
    expect(focused()).toBe("a/large/0");
    expect(texts("td[tabindex='0']")).toEqual(["answer a large"]);
  });

  test("one cell is in the tab order when rows went and came back", async () => {
    at("b/large/0").focus();
    at("b/large/0").blur();
    await find({ a: {} });
    await find({ a: {}, b: {} });
    expect(texts("td[tabindex='0']")).toEqual(["answer a small"]);
  });

  test("Enter opens a transcript, and Escape leads back to its cell", async () => {
    at("b/small/0").focus();
    press("Enter");
    expect(side.asked).toEqual([["cell", { cells: ["b/small/0"] }]]);
    await vi.waitFor(() => expect(texts(".dari-pane header")).toEqual(["head"]));
    expect(at("b/small/0").hasAttribute("data-open")).toBe(true);
    el.querySelector<HTMLElement>(".dari-log")?.focus();
    press("Escape");
    expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(true);
    expect(focused()).toBe("b/small/0");
  });

  test("Space selects cells and c compares them", async () => {
    side.answer = async () => "<table class='dari-compare'></table>";
    at("a/small/0").focus();
    press(" ");
    press("ArrowRight");
    press(" ");
    expect(side.traits.selection).toEqual(["a/small/0", "a/large/0"]);
    expect(at("a/large/0").getAttribute("aria-selected")).toBe("true");
    press("c");
    expect(side.asked).toEqual([["compare", { cells: side.traits.selection }]]);
    await vi.waitFor(() => expect(el.querySelector(".dari-compare")).not.toBeNull());
    press(" ");
    expect(side.traits.selection).toEqual(["a/small/0"]);
  });

  test("a comparison follows its cells, not more often than it is answered, and stays where it is", async () => {
    const answers: ((html: string) => void)[] = [];
    const table = (rating: string, call: string) => `<table class="dari-compare"><tbody>${rating}
      <tr><th>Call 1</th><td><details><summary>look</summary>${call}</details></td></tr></tbody></table>`;
    side.answer = (what) =>
      what === "compare"
        ? new Promise((resolve) => answers.push(resolve))
        : Promise.resolve({ head: "", items: [] });
    const news = (llm: string, value: number) => ({
      ...small(),
      rows: [],
      cells: [cell("a", llm, { scores: { rating: value } })],
    });
    const asked = () => side.asked.filter(([what]) => what === "compare");
    side.set({ selection: ["a/small/0", "a/large/0"] });
    at("a/small/0").focus();
    press("c");
    side.set({ selection: [] });
    for (const n of [1, 2, 3]) side.deliver(n, n + 1, news("small", n));
    expect(asked()).toHaveLength(1);
    answers[0]?.(table("<tr><th>rating</th><td>1</td></tr>", "once"));
    await vi.waitFor(() => expect(asked()).toHaveLength(2));
    const details = el.querySelector<HTMLDetailsElement>(".dari-compare details");
    const summary = details?.querySelector("summary") as HTMLElement;
    if (details) details.open = true;
    summary.focus();
    answers[1]?.(table("<tr class='dari-differs'><th>rating</th><td>3</td></tr>", "twice"));
    await vi.waitFor(() => expect(texts(".dari-differs")).toEqual(["rating3"]));
    expect(document.activeElement).toBe(summary);
    expect(details?.isConnected && details.open && details.textContent).toBe("looktwice");
    side.deliver(4, 5, { ...small(), rows: [], cells: [cell("b", "small")] });
    expect(asked()).toHaveLength(2);
    side.deliver(5, 6, news("large", 4));
    const cells = ["a/small/0", "a/large/0"];
    expect(asked()).toEqual(Array(3).fill(["compare", { cells }]));
    press("Escape");
    side.deliver(6, 7, news("large", 5));
    at("b/small/0").click();
    side.deliver(7, 8, news("large", 4));
    expect(asked()).toHaveLength(3);
  });

  test("the heading names the task, and what is compared once, however often", async () => {
    const header = () => el.querySelector(".dari-pane header")?.textContent;
    side.answer = () => new Promise(() => {});
    for (let times = 0; times < 2; times++) {
      for (const id of ["a/small/0", "a/large/0"]) {
        at(id).dispatchEvent(new MouseEvent("click", { bubbles: true, ctrlKey: true }));
      }
      el.querySelector<HTMLButtonElement>("[name=compare]")?.click();
      expect(header()).toBe("Compared");
      press("Escape");
      el.querySelector<HTMLButtonElement>("[name=clear]")?.click();
    }
    at("b/small/0").click();
    expect(header()).toBe("Task 1: task b");
  });

  test("how to open, choose and rate is said, and all keys with a question mark", () => {
    const hint = el.querySelector<HTMLElement>(".dari-hint");
    const keys = el.querySelector<HTMLElement>("dl")?.parentElement;
    expect(keys?.hidden).toBe(true);
    expect(hint?.hidden).toBe(false);
    side.set({ hint: "Click <b>a cell</b>" });
    expect(hint?.textContent).toBe("Click <b>a cell</b>");
    at("a/small/0").focus();
    press("?");
    expect(keys?.hidden).toBe(false);
    expect(texts("dt")).toEqual(["Enter"]);
    el.querySelector<HTMLButtonElement>("[name=keys]")?.click();
    expect(keys?.hidden).toBe(true);
    press(" ");
    expect(hint?.hidden).toBe(true);
    expect(texts("[name=compare]")).toEqual(["Select one more"]);
    expect(texts(".dari-rate small")).toEqual(["worst", "best"]);
  });

  test("what fails is told where it would have been", async () => {
    side.answer = () => Promise.reject(new Error("The session is gone."));
    at("a/small/0").click();
    await vi.waitFor(() =>
      expect(texts(".dari-pane .dari-more")).toEqual(["The session is gone."]),
    );
  });

  test("only the answer to the last question is shown", async () => {
    const answers: ((head: string) => void)[] = [];
    side.answer = () =>
      new Promise((resolve) => answers.push((head) => resolve({ head, items: [] })));
    at("a/small/0").click();
    at("b/small/0").click();
    answers[1]?.("second");
    answers[0]?.("first");
    await vi.waitFor(() => expect(texts(".dari-pane header")).toEqual(["second"]));
    await Promise.resolve();
    expect(texts(".dari-pane header")).toEqual(["second"]);
  });
});

describe("ratings", () => {
  const pressed = () => texts(".dari-rate [aria-pressed=true]");
  const told = () => texts(".dari-rate .dari-note")[0];

  test("a digit rates, again it changes nothing, and the page says what was saved", async () => {
    at("a/small/0").focus();
    press("Enter");
    press("4");
    await vi.waitFor(() => expect(texts("[role=status]")).toEqual(["Task 0: saved: 4 of 5"]));
    expect(pressed()).toEqual(["4"]);
    at("a/small/0").focus();
    press("4");
    await vi.waitFor(() => expect(told()).toBe("saved: 4 of 5"));
    expect(pressed()).toEqual(["4"]);
    press("0");
    await vi.waitFor(() => expect(told()).toBe("taken back"));
    const rates = side.asked.filter(([what]) => what === "rate").map(([, body]) => body);
    const rating = { cell: "a/small/0", name: "rating" };
    expect(rates).toEqual([4, 4, null].map((value) => ({ ...rating, value })));
  });

  test("a rating is taken back by 0, Delete, Backspace, and a click on its button", async () => {
    const four = () => el.querySelector<HTMLElement>(".dari-rate [value='4']");
    const ways = [..."0", "Delete", "Backspace"].map((key) => () => press(key));
    at("a/small/0").focus();
    press("Enter");
    for (const way of [...ways, () => four()?.click()]) {
      four()?.click();
      await vi.waitFor(() => expect(told()).toBe("saved: 4 of 5"));
      expect(pressed()).toEqual(["4"]);
      way();
      await vi.waitFor(() => expect(told()).toBe("taken back"));
      expect(pressed()).toEqual([]);
    }
  });

  test("what was rated elsewhere meanwhile is shown, and stays but for what is given here", async () => {
    const news = (value: number, note: string) => ({
      columns: small().columns,
      rows: [],
      cells: [cell("a", "small", { scores: { rating: value }, notes: { rating: note } })],
    });
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").focus();
    press("Enter");
    press("4");
    side.deliver(1, 2, news(4, "")); // before the answer
    await vi.waitFor(() => expect(told()).toBe("saved: 4 of 5"));
    side.deliver(2, 3, news(3, "from elsewhere"));
    await vi.waitFor(() => expect(pressed()).toEqual(["3"]));
    expect(note.value).toBe("from elsewhere");
    at("a/small/0").focus();
    press("5");
    await vi.waitFor(() => expect(told()).toBe("saved: 5 of 5"));
    const rates = side.asked.filter(([what]) => what === "rate").map(([, body]) => body);
    expect(rates.at(-1)).toEqual({ cell: "a/small/0", name: "rating", value: 5 });
    expect(note.value).toBe("from elsewhere");
  });

  test("late news of what stood before the last rating do not show that again", async () => {
    let kept = 0;
    side.answer = async (what) => (what === "rate" ? { kept: ++kept } : { head: "", items: [] });
    at("a/small/0").focus();
    press("Enter");
    press("3");
    press("5");
    await vi.waitFor(() => expect(told()).toBe("saved: 5 of 5"));
    side.deliver(1, 2, news(3), 1);
    expect(pressed()).toEqual(["5"]);
    press("0");
    await vi.waitFor(() => expect(told()).toBe("taken back"));
    side.deliver(2, 3, news(5), 2);
    expect(pressed()).toEqual([]);
    side.deliver(3, 4, news(1), 3);
    expect(pressed()).toEqual(["1"]);
  });

  test("what the kernel then has of the cell is shown, whatever was known of it before", async () => {
    const kept = { value: 3, note: "of another kernel" };
    side.answer = async (what) => (what === "rate" ? kept : { head: "", items: [] });
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").focus();
    press("Enter");
    press("3");
    await vi.waitFor(() => expect(told()).toBe("saved: 3 of 5"));
    expect(note.value).toBe("of another kernel");
    Object.assign(kept, { value: 5, note: "mine" });
    note.value = "mine";
    note.dispatchEvent(new Event("change", { bubbles: true }));
    await vi.waitFor(() => expect(told()).toBe("saved: 5 of 5"));
    expect(pressed()).toEqual(["5"]);
    const rating = { cell: "a/small/0", name: "rating" };
    expect(side.asked.at(-1)).toEqual(["rate", { ...rating, note: "mine" }]);
  });

  test("what was saved is said no longer once something else stands there", async () => {
    at("a/small/0").focus();
    press("Enter");
    press("4");
    await vi.waitFor(() => expect(told()).toBe("saved: 4 of 5"));
    side.deliver(1, 2, news(4));
    expect(told()).toBe("saved: 4 of 5");
    side.deliver(2, 3, news(2));
    expect(pressed()).toEqual(["2"]);
    expect(told()).toBe("");
  });

  test("ratings wait for none before them, and how many are not saved, or were not kept, is said", async () => {
    const waiting: { done: (kept: object) => void; fails: (error: Error) => void }[] = [];
    side.answer = (what) =>
      what === "rate"
        ? new Promise((done, fails) => waiting.push({ done, fails }))
        : Promise.resolve({ head: "", items: [] });
    at("a/small/0").focus();
    press("Enter");
    press("3");
    expect(told()).toBe("saving …");
    press("ArrowDown");
    press("4");
    press("5");
    expect(told()).toBe("saving 3 …");
    expect(waiting.length).toBe(3);
    waiting[0]?.done({ kept: 1 });
    await vi.waitFor(() => expect(told()).toBe("saving 2 …"));
    for (const { fails } of waiting.slice(1)) fails(new Error("The kernel is gone."));
    await vi.waitFor(() => expect(told()).toBe("2 not kept, of task 1: The kernel is gone."));
    press("2");
    waiting[3]?.done({ kept: 2 });
    await vi.waitFor(() => expect(told()).toBe("saved: 2 of 5"));
  });

  test("of what was sent to a kernel that is gone nobody knows, and of what came after one does", async () => {
    const questions = new Questions();
    side.answer = async (what, body) =>
      what === "rate" ? (await questions.ask(what, body, () => {})).body : { head: "", items: [] };
    at("a/small/0").focus();
    press("Enter");
    press("3");
    press("ArrowDown");
    press("4");
    questions.refuse("The kernel is gone: run the cell again.");
    const unknown =
      "2 may not be kept, of tasks 0, 1: The kernel is gone: run the cell again, and look at them.";
    await vi.waitFor(() => expect(told()).toBe(unknown));
    press("5");
    const lost = "1 not kept, of task 1: The kernel is gone: run the cell again.";
    await vi.waitFor(() => expect(told()).toBe(`${unknown} ${lost}`));
  });

  test("what is not answered before a later one is no longer on its way, and is kept if it is after all", async () => {
    const answers: ((kept: object) => void)[] = [];
    side.answer = (what) =>
      what === "rate"
        ? new Promise((resolve) => answers.push(resolve))
        : Promise.resolve({ head: "", items: [] });
    at("a/small/0").focus();
    press("Enter");
    press("3");
    press("ArrowDown");
    press("4");
    press("ArrowRight");
    press("5");
    expect(told()).toBe("saving 3 …");
    answers[2]?.({ kept: 1 });
    const unknown = (count: number, tasks: string) =>
      `${count} may not be kept, of ${tasks}: no answer came: wait a moment, and look at them.`;
    await vi.waitFor(() => expect(told()).toBe(`saved: 5 of 5; ${unknown(2, "tasks 0, 1")}`));
    answers[0]?.({ kept: 2, cells: [cell("a", "small", { scores: { rating: 3 } })] });
    await vi.waitFor(() => expect(told()).toBe(unknown(1, "task 1")));
    at("b/small/0").click();
    expect(pressed()).toEqual([]);
    at("a/small/0").click();
    expect(pressed()).toEqual(["3"]);
    press("2");
    expect(told()).toBe(`saving …; ${unknown(1, "task 1")}`);
  });

  test("what was not taken stays in sight until the reader has rested, or rated it", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    side.answer = async (what, body) => {
      const { cell, value } = body as { cell?: string; value?: number };
      if (what === "rate" && cell === "b/small/0" && value !== 5) throw new Error("It failed.");
      return { head: "", items: [] };
    };
    const lost = "1 not kept, of task 1: It failed.";
    at("a/small/0").focus();
    press("Enter");
    for (const again of ["a pause", "the same cell"]) {
      press("ArrowDown");
      press("3");
      await vi.waitFor(() => expect(told()).toBe(lost));
      press("ArrowUp");
      press("4");
      await vi.waitFor(() => expect(told()).toBe(`saved: 4 of 5; ${lost}`));
      press("ArrowRight");
      press("2");
      await vi.waitFor(() => expect(told()).toBe(`saved: 2 of 5; ${lost}`));
      if (again === "a pause") vi.advanceTimersByTime(10_000);
      expect(told()).toContain(lost);
      if (again === "the same cell") for (const key of ["ArrowLeft", "ArrowDown"]) press(key);
      press("5");
      await vi.waitFor(() => expect(told()).toBe("saved: 5 of 5"));
      press("ArrowLeft");
    }
    vi.useRealTimers();
  });

  test("a cell shows its rating with the answer, whatever news of what was before come late", async () => {
    let kept = 0;
    side.answer = async (what, body) => {
      const { value } = body as { value: number };
      const cells = [cell("a", "small", { html: `<p>rating ${value}</p>` }), cell("x", "small")];
      return what === "rate" ? { value, kept: ++kept, cells } : { head: "", items: [] };
    };
    at("a/small/0").focus();
    press("Enter");
    for (const value of [3, 5]) {
      press(String(value));
      await vi.waitFor(() => expect(at("a/small/0").textContent).toBe(`rating ${value}`));
    }
    expect(focused()).toBe("a/small/0");
    expect(side.asked.filter(([what]) => what === "cell")).toHaveLength(1);
    const late = { ...small(), rows: [], cells: [cell("a", "small"), cell("b", "small")] };
    side.deliver(1, 2, late, 1);
    expect(at("a/small/0").textContent).toBe("rating 5");
    side.deliver(2, 3, late, 2);
    expect(at("a/small/0").textContent).toBe("answer a small");
    expect(at("x/small/0")).toBeNull();
  });

  test("a digit rates the cell with the focus once one is open, and means nothing before", async () => {
    at("a/small/0").focus();
    press("4");
    expect(side.asked).toEqual([]);
    press("Enter");
    press("ArrowDown");
    press("5");
    await vi.waitFor(() => expect(told()).toBe("saved: 5 of 5"));
    const rating = { cell: "b/small/0", name: "rating", value: 5 };
    expect(side.asked.at(-1)).toEqual(["rate", rating]);
    expect(at("b/small/0").hasAttribute("data-open")).toBe(true);
  });

  test("a note is kept with the rating that is there", async () => {
    const rated = cell("a", "small", { scores: { rating: 2 }, notes: { rating: "so so" } });
    side.deliver(1, 2, { columns: small().columns, rows: [], cells: [rated] });
    at("a/small/0").focus();
    press("n");
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    expect(pressed()).toEqual(["2"]);
    note.value = "fine";
    note.dispatchEvent(new Event("change", { bubbles: true }));
    await vi.waitFor(() => expect(told()).toBe("saved: 2 of 5"));
    const rating = { cell: "a/small/0", name: "rating", note: "fine" };
    expect(side.asked.at(-1)).toEqual(["rate", rating]);
    expect(pressed()).toEqual(["2"]);
  });

  test("what is said of a note alone is that it was saved, or taken back", async () => {
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").click();
    for (const [text, words] of [
      ["fine", "note saved"],
      ["", "taken back"],
    ] as const) {
      note.value = text;
      note.dispatchEvent(new Event("change", { bubbles: true }));
      await vi.waitFor(() => expect(texts("[role=status]")).toEqual([`Task 0: ${words}`]));
    }
  });

  test("wherever the focus is in what is open, digits rate it and n writes the note", async () => {
    at("b/small/0").click();
    const four = el.querySelector<HTMLElement>(".dari-rate [value='4']");
    four?.focus();
    four?.click();
    await vi.waitFor(() => expect(told()).toBe("saved: 4 of 5"));
    press("n");
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    expect(document.activeElement).toBe(note);
    for (const key of ["2", "n", "?"]) press(key);
    note.value = "precise enough";
    note.dispatchEvent(new Event("change", { bubbles: true }));
    const rating = { cell: "b/small/0", name: "rating" };
    const noted = { ...rating, note: "precise enough" };
    await vi.waitFor(() => expect(side.asked.at(-1)).toEqual(["rate", noted]));
    el.querySelector<HTMLElement>(".dari-log")?.focus();
    press("5");
    await vi.waitFor(() => expect(side.asked.at(-1)?.[1]).toEqual({ ...rating, value: 5 }));
    const all = side.asked.length;
    for (const key of [" ", "ArrowDown", "Enter"]) press(key);
    press("3", { ctrlKey: true });
    expect(side.asked).toHaveLength(all);
    expect(side.traits.selection).toEqual([]);
  });

  test("a note has a field of its cell, and Escape gives back what stood in it", () => {
    const note = () => el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    const noted = cell("a", "small", { notes: { rating: "so so" } });
    side.deliver(1, 2, { ...small(), rows: [], cells: [noted] });
    at("a/small/0").focus();
    press("Enter");
    const first = note();
    press("n");
    first.value = "so so, but";
    press("Escape");
    expect(first.value).toBe("so so");
    side.deliver(2, 3, { ...small(), rows: [], cells: [noted] });
    expect(note()).toBe(first);
    press("Escape");
    press("ArrowDown");
    press("Enter");
    expect(note()).not.toBe(first);
    press("n");
    expect(document.activeElement).toBe(note());
    expect([note().value, note().getAttribute("aria-label")]).toEqual(["", "Note"]);
    note().value = "fine";
    note().dispatchEvent(new Event("change", { bubbles: true }));
    const rating = { cell: "b/small/0", name: "rating", note: "fine" };
    expect(side.asked.at(-1)).toEqual(["rate", rating]);
  });

  test("others lead nobody away who writes, and keys go along with what is open", () => {
    const title = () => el.querySelector(".dari-pane .dari-log")?.getAttribute("aria-label");
    const note = () => el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    side.set({ active: "b/small/0" });
    expect(title()).toContain("Task 1");
    at("b/small/0").focus();
    side.set({ active: "a/small/0" });
    expect([title(), focused()]).toEqual(["Task 0: task a", "a/small/0"]);
    press("n");
    note().value = "about the first";
    side.set({ active: "a/large/0" });
    side.set({ active: "b/small/0" });
    expect([note().value, document.activeElement]).toEqual(["about the first", note()]);
    note().dispatchEvent(new Event("change", { bubbles: true }));
    const rating = { cell: "a/small/0", name: "rating", note: "about the first" };
    expect(side.asked.at(-1)).toEqual(["rate", rating]);
    note().blur();
    side.set({ active: "a/large/0" });
    expect(title()).toContain("Task 0");
    side.set({ active: "" });
    expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(true);
  });

  test("a double click takes nothing back, and a quick one at another cell counts", async () => {
    const three = el.querySelector<HTMLElement>('.dari-rate [value="3"]') as HTMLElement;
    const click = (detail: number) =>
      three.dispatchEvent(new MouseEvent("click", { bubbles: true, detail }));
    const rated = () =>
      side.asked.flatMap(([what, body]) =>
        what === "rate" ? [Object.values(body as object).filter((one) => one !== "rating")] : [],
      );
    at("a/small/0").click();
    click(1);
    click(2);
    expect(rated()).toEqual([["a/small/0", 3]]);
    press("ArrowDown");
    click(3);
    expect(rated()).toEqual([
      ["a/small/0", 3],
      ["b/small/0", 3],
    ]);
    click(4);
    expect(rated()).toHaveLength(2);
    press("ArrowUp");
    click(5);
    expect(rated().at(-1)).toEqual(["a/small/0", 3]);
  });

  test("who rates what a filter hides stays at it", async () => {
    at("b/small/0").click();
    side.set({ where: "a" });
    side.find({ a: {} });
    await drawn();
    expect(at("b/small/0")?.isConnected ?? false).toBe(false);
    const four = el.querySelector<HTMLElement>('.dari-rate [value="4"]') as HTMLElement;
    for (const detail of [1, 2])
      four.dispatchEvent(new MouseEvent("click", { bubbles: true, detail }));
    press("5");
    const rated = side.asked.filter(([what]) => what === "rate").map(([, body]) => body);
    const rating = { cell: "b/small/0", name: "rating" };
    expect(rated).toEqual([4, 5].map((value) => ({ ...rating, value })));
    expect(el.querySelector(".dari-pane")?.contains(document.activeElement)).toBe(true);
  });

  test("what is being written when another matrix comes is kept of its cell", () => {
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").click();
    note.focus();
    note.value = "so so";
    // As a browser does it, when a field is left.
    note.addEventListener("blur", () => note.dispatchEvent(new Event("change", { bubbles: true })));
    side.bring(small("A", "B"));
    const rating = { cell: "a/small/0", name: "rating", note: "so so" };
    expect(side.asked.filter(([what]) => what === "rate")).toEqual([["rate", rating]]);
    expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(true);
  });

  test("a note is kept when its page goes, or its reader clicks where no focus goes", () => {
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    const rated = () => side.asked.filter(([what]) => what === "rate").map(([, body]) => body);
    const rating = { cell: "a/small/0", name: "rating" };
    at("a/small/0").click();
    note.focus();
    note.value = "so so";
    note.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(rated()).toEqual([]);
    for (const _ of [1, 2])
      document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(rated()).toEqual([{ ...rating, note: "so so" }]);
    note.value = "so so, or better";
    for (const _ of [1, 2]) window.dispatchEvent(new Event("pagehide"));
    expect(rated().slice(1)).toEqual([{ ...rating, note: "so so, or better" }]);
  });

  test("who is in a note and writes nothing takes nothing from what others wrote there", () => {
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").click();
    note.focus();
    const noted = cell("a", "small", { notes: { rating: "from elsewhere" } });
    side.deliver(1, 2, { ...small(), rows: [], cells: [noted] });
    window.dispatchEvent(new Event("pagehide"));
    closing.abort();
    expect(side.asked.filter(([what]) => what === "rate")).toEqual([]);
  });

  test("Escape and Enter leave the note for its cell, which stays open", () => {
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").focus();
    press("Enter");
    for (const key of ["Escape", "Enter"]) {
      press("n");
      press(key, { isComposing: true });
      expect(document.activeElement).toBe(note);
      press(key);
      expect(focused()).toBe("a/small/0");
      expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(false);
    }
    press("ArrowDown");
    press("Enter");
    expect(side.traits.active).toBe("b/small/0");
    press("Escape");
    expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(true);
  });

  test("a rating that was not kept is not shown, and the cause is", async () => {
    side.answer = async (what) => {
      if (what === "rate") throw new Error("The disk is full.");
      return { head: "", items: [] };
    };
    at("b/large/0").focus();
    press("Enter");
    press("1");
    await vi.waitFor(() => expect(told()).toBe("1 not kept, of task 1: The disk is full."));
    expect(pressed()).toEqual([]);
    expect(at("b/large/0").hasAttribute("data-open")).toBe(true);
  });

  test("a rating that was not kept is told when a note of the same cell is kept at once", async () => {
    side.answer = async (what, body) => {
      if (what !== "rate") return { head: "", items: [] };
      if ("value" in (body as object)) throw new Error("It has no answer.");
      await drawn();
      return { ...(body as object), value: null, kept: 1 };
    };
    at("a/small/0").focus();
    press("Enter");
    press("4");
    press("n");
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    note.value = "why?";
    press("Enter");
    const lost = "1 not kept, of task 0: It has no answer.";
    await vi.waitFor(() => expect(told()).toBe(`note saved; ${lost}`));
    expect(pressed()).toEqual([]);
  });

  test("what was saved of another cell is not said of the one that is open", async () => {
    const answers: ((kept: object) => void)[] = [];
    side.answer = (what) =>
      what === "rate"
        ? new Promise((resolve) => answers.push(resolve))
        : Promise.resolve({ head: "", items: [] });
    at("a/small/0").click();
    press("n");
    const note = el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    note.value = "fine";
    note.dispatchEvent(new Event("change", { bubbles: true }));
    at("a/large/0").click();
    answers[0]?.({ kept: 1, value: null, note: "fine" });
    await vi.waitFor(() => expect(texts("[role=status]")).toEqual(["Task 0: note saved"]));
    expect(told()).toBe("");
  });

  test("a note that was not kept stays in its field, from which Enter asks to keep it again", async () => {
    let isFull = true;
    side.answer = async (what, body) => {
      if (what !== "rate") return { head: "", items: [] };
      if (isFull) throw new Error("The disk is full.");
      return { ...(body as object), value: null, kept: 1 };
    };
    const note = () => el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").focus();
    press("Enter");
    press("n");
    note().value = "fine";
    note().dispatchEvent(new Event("change", { bubbles: true }));
    press("Enter");
    const lost = "1 not kept, of task 0: The disk is full.";
    await vi.waitFor(() => expect(told()).toBe(lost));
    expect(note().value).toBe("fine");
    at("b/small/0").click();
    expect(note().value).toBe("");
    at("a/small/0").click();
    expect(note().value).toBe("fine");
    isFull = false;
    at("a/small/0").focus();
    press("n");
    press("Enter");
    await vi.waitFor(() => expect(told()).toBe("note saved"));
    const rating = { cell: "a/small/0", name: "rating", note: "fine" };
    expect(side.asked.filter(([what]) => what === "rate").at(-1)).toEqual(["rate", rating]);
  });

  test("a note that was not kept counts once, however its reader goes on", async () => {
    side.answer = async (what) => {
      if (what === "rate") throw new Error("The disk is full.");
      return { head: "", items: [] };
    };
    const note = () => el.querySelector<HTMLInputElement>(".dari-rate input") as HTMLInputElement;
    at("a/small/0").click();
    note().focus();
    note().value = "fine";
    at("b/small/0").dispatchEvent(new Event("pointerdown", { bubbles: true }));
    const lost = "1 not kept, of task 0: The disk is full.";
    await vi.waitFor(() => expect(told()).toBe(lost));
    note().dispatchEvent(new Event("change", { bubbles: true }));
    for (const id of ["b/small/0", "a/small/0", "b/small/0"]) {
      at(id).dispatchEvent(new Event("pointerdown", { bubbles: true }));
      at(id).click();
    }
    window.dispatchEvent(new Event("pagehide"));
    await drawn();
    expect(told()).toBe(lost);
    expect(side.asked.filter(([what]) => what === "rate")).toHaveLength(1);
  });

  test("an arrow at the edge of the table scrolls nothing around it", () => {
    at("b/large/0").focus();
    const event = new KeyboardEvent("keydown", {
      key: "ArrowDown",
      bubbles: true,
      cancelable: true,
    });
    at("b/large/0").dispatchEvent(event);
    expect([event.defaultPrevented, focused()]).toEqual([true, "b/large/0"]);
  });

  test("the menu of scores shows what is compared by, whoever named it", () => {
    const tools = `<select name="score"><option value="right">On right</option>
<option value="rating">On rating</option></select>`;
    side.set({ tools, by: "right" });
    const menu = el.querySelector("[name=score]") as HTMLSelectElement;
    expect(menu.value).toBe("right");
    side.set({ score: "rating", by: "rating" });
    expect(menu.value).toBe("rating");
    side.set({ score: "right", by: "right" });
    expect(menu.value).toBe("right");
    side.set({ score: "" });
    side.set({ by: "rating" });
    expect(menu.value).toBe("rating");
  });

  test("without a score to rate digits mean nothing", () => {
    side.set({ rating: "" });
    at("a/small/0").focus();
    press("3");
    expect(side.asked).toEqual([]);
  });
});

describe("what came out alike", () => {
  const twice = () => [
    cell("a", "small", { html: "<p>Low</p><small><b>2×</b></small>" }),
    cell("a", "small", { repeat: 1, within: "a/small/0", html: "" }),
    cell("a", "large", { repeat: 1, html: "<p>High</p>", tint: "yes" }),
  ];

  test("is one cell, and the keys step over it", async () => {
    side.deliver(1, 2, { columns: small().columns, rows: [], cells: twice() });
    await vi.waitFor(() => expect(at("a/large/1").textContent).toBe("High"));
    expect(at("a/small/1")).toBeNull();
    expect(at("a/small/0").textContent).toBe("Low2×");
    expect(at("a/large/1").dataset.tint).toBe("yes");
    at("a/small/0").focus();
    press("ArrowDown");
    expect(focused()).toBe("b/small/0");
    press("ArrowUp");
    expect(focused()).toBe("a/small/0");
    press("ArrowRight");
    press("ArrowDown");
    expect(focused()).toBe("a/large/1");
    press("ArrowLeft");
    expect(focused()).toBe("a/small/0");
  });

  test("opens, and is selected, by the repeat that meets the conditions, but for one that is open", async () => {
    side.deliver(1, 2, { columns: small().columns, rows: [], cells: twice() });
    side.set({ where: "time < 3" });
    await find({ a: { fit: [2] } });
    at("a/small/0").focus();
    press(" ");
    expect(side.traits.selection).toEqual(["a/small/1"]);
    press(" ");
    expect(side.traits.selection).toEqual([]);
    press("Enter");
    expect(side.traits.active).toBe("a/small/1");
    el.querySelector<HTMLButtonElement>("[name=repeat]")?.click();
    expect(side.traits.active).toBe("a/small/0");
    at("a/small/0").focus();
    press("4");
    const rating = { cell: "a/small/0", name: "rating", value: 4 };
    await vi.waitFor(() => expect(side.asked.at(-1)?.[1]).toEqual(rating));
    press("n");
    expect(side.traits.active).toBe("a/small/0");
    at("a/small/0").click();
    expect(side.traits.active).toBe("a/small/1");
  });

  test("is read repeat by repeat in the pane", async () => {
    side.deliver(1, 2, { columns: small().columns, rows: [], cells: twice() });
    await vi.waitFor(() => expect(at("a/large/1")).not.toBeNull());
    at("a/small/0").click();
    const repeats = [...el.querySelectorAll<HTMLButtonElement>("[name=repeat]")];
    expect(repeats.map((button) => button.textContent)).toEqual(["0", "1"]);
    repeats[1]?.click();
    expect(side.asked.at(-1)).toEqual(["cell", { cells: ["a/small/1"] }]);
    expect(at("a/small/0").hasAttribute("data-open")).toBe(true);
    const pressed = el.querySelector("[name=repeat][aria-pressed=true]");
    expect(pressed?.textContent).toBe("1");
    expect(pressed?.matches(":focus")).toBe(true);
  });

  test("is a line that opens, unless rows are sought or sorted", async () => {
    const same = { ...row("a", 0), same: true };
    side.set({ same: "1 task on which nothing differs" });
    side.deliver(1, 2, { columns: small().columns, rows: [same], cells: [] });
    await vi.waitFor(() => expect(texts("tbody th")).toEqual(["task b"]));
    const line = el.querySelector<HTMLButtonElement>("[name=same]");
    expect(line?.textContent).toBe("▸ 1 task on which nothing differs");
    line?.click();
    expect(line?.getAttribute("aria-expanded")).toBe("true");
    expect(texts("tbody th")).toEqual(["task b", "task a"]);
    line?.click();
    side.set({ order: "number" });
    await find({ a: {}, b: {} });
    expect(texts("tbody th")).toEqual(["task a", "task b"]);
    side.set({ order: "", where: "task" });
    await find({ b: {}, a: {} });
    expect(texts("tbody th")).toEqual(["task b", "task a"]);
    expect(el.querySelector("[name=same]")).toBeNull();
  });
});
