import { beforeEach, describe, expect, test, vi } from "vitest";
import { matrix } from "../../src/matrix/component";
import { GONE } from "../port";
import {
  button,
  choose,
  click,
  eventually,
  find,
  hasFocus,
  press,
  show,
  texts,
  write,
} from "../view";
import { at, cell, column, leaves, MatrixPort, row, shown, small } from "./matrices";

let port: MatrixPort;
const heads = () => texts("tbody th");
const where = () => find<HTMLInputElement>("[name=where]");
const note = () => find(".dari-tools > .dari-note").textContent ?? "";
const spoken = () => find("[role=status]").textContent ?? "";
const drawn = () => new Promise(requestAnimationFrame);

beforeEach(async () => {
  port = await shown();
});

describe("a matrix", () => {
  test("has a row for each task and a cell for each LLM", () => {
    expect(texts("thead th")).toEqual(["Task", "small 0.5", "large 0.5"]);
    expect(heads()).toEqual(["task a", "task b"]);
    expect(texts("td").join()).toBe("answer a small,answer a large,answer b small,answer b large");
  });

  test("has the roles of a grid", () => {
    const grid = find("[role=grid]");
    expect(grid.getAttribute("aria-label")).toBeTruthy();
    expect(grid.getAttribute("aria-multiselectable")).toBe("true");
    const roles = ["columnheader", "rowheader", "gridcell"];
    const counts = roles.map((role) => grid.querySelectorAll(`[role=${role}]`).length);
    expect(counts).toEqual([3, 2, 4]);
    expect(at("a/small/0").getAttribute("aria-selected")).toBe("false");
  });

  test("draws again only the cells that changed", () => {
    const untouched = at("a/large/0").firstChild;
    port.news({ cells: [cell("a", "small", { state: "running", html: "<p>half</p>" })] });
    expect(at("a/small/0").textContent).toBe("half");
    expect(at("a/small/0").dataset.state).toBe("running");
    expect(at("a/large/0").firstChild).toBe(untouched);
  });

  test("shows states that it doesn't know, and ignores unknown fields", () => {
    const odd = { ...cell("a", "small", { state: "paused" }), mood: "odd" };
    port.news({ cells: [odd] });
    expect(at("a/small/0").dataset.state).toBe("paused");
    expect(port.sent).toEqual([]);
  });

  test("asks once for news that it missed, and shows what came", () => {
    const cells = [cell("a", "small", { html: "new" })];
    port.deliver(3, 4, { cells });
    port.deliver(4, 5, { cells });
    expect(at("a/small/0").textContent).toBe("new");
    expect(port.sent).toEqual([{ kind: "hello", n: 1 }]);
    port.deliver(1, 5, { cells });
    port.deliver(8, 9, { cells });
    expect(port.sent.slice(1)).toEqual([{ kind: "hello", n: 5 }]);
  });

  test("asks for everything on a page that comes late", () => {
    vi.useFakeTimers();
    const late = new MatrixPort();
    show(matrix, late);
    vi.advanceTimersByTime(1000);
    expect(late.sent).toEqual([{ kind: "hello", n: 0 }]);
  });

  test("tells which cells the reader sees that aren't done", () => {
    vi.useFakeTimers();
    let see = (_: object[]) => {};
    const watched: Element[] = [];
    class Observer {
      constructor(seen: typeof see) {
        see = seen;
      }
      observe = (one: Element) => watched.push(one);
      disconnect() {}
    }
    vi.stubGlobal("IntersectionObserver", Observer);
    const seen = new MatrixPort();
    show(matrix, seen);
    seen.news({
      ...small(),
      cells: [cell("a", "small", { state: "running" }), cell("b", "small")],
    });
    vi.advanceTimersByTime(50);
    see(watched.map((target) => ({ target, isIntersecting: true })));
    vi.advanceTimersByTime(400);
    expect(seen.sent).toEqual([{ kind: "visible", cells: ["a/small/0"] }]);
  });

  test("grows by rows, columns and repeats", async () => {
    const cells = [cell("c", "huge"), cell("a", "small", { repeat: 1 })];
    port.news({ columns: [...small().columns, column("huge")], rows: [row("c", 2)], cells });
    await eventually(() => expect(heads()).toEqual(["task a", "task b", "task c"]));
    const first = at("a/small/0").closest("tr");
    expect(at("a/small/1").closest("tr")?.previousElementSibling).toBe(first);
    expect(document.querySelectorAll("td:not([data-cell])")).toHaveLength(12 - 6);
  });

  test("puts repeats of a single LLM side by side", async () => {
    const cells = [0, 1, 2].map((repeat) => cell("a", "small", { repeat }));
    port.news({ columns: [column("small")], cells });
    await eventually(() => expect(texts("thead th")).toHaveLength(4));
    expect(at("a/small/2").closest("tr")).toBe(at("a/small/0").closest("tr"));
  });

  test("leaves nothing of the matrix before", async () => {
    port.push({ selection: ["a/small/0", "a/large/0"], same: "2 tasks" });
    at("a/small/0").click();
    where().focus();
    await eventually(() => expect(texts(".dari-pane header")).toEqual(["head"]));
    const tools = `<input name="where"><input name="blind" type="checkbox">`;
    port.answer = () => ({ head: "blind", items: [] });
    port.push({ blind: true, active: "", selection: [], tools, head: "", same: "" });
    port.bring(small("B", "A"));
    await drawn();
    expect(texts("td").slice(0, 2)).toEqual(["answer a B", "answer a A"]);
    expect(document.body.outerHTML).not.toMatch(/large|a\/small/);
    expect(find(".dari-pane").hidden).toBe(true);
    hasFocus(where());
    expect(find<HTMLInputElement>("[name=blind]").checked).toBe(true);
    at("a/A/0").click();
    expect(port.asked.at(-1)).toEqual(["cell", { cells: ["a/A/0"] }]);
    expect(port.sent).toEqual([]);
  });

  test("asks for the beginning of another matrix that it missed", () => {
    port.matrix = 3;
    port.deliver(4, 5, { ...small("A", "B") });
    expect(port.sent).toEqual([{ kind: "hello", n: 0 }]);
    port.deliver(0, 5, small("A", "B"));
    port.deliver(5, 6, { ...small("A", "B"), rows: [] });
    expect(port.sent).toHaveLength(1);
  });

  test("stops once", () => {
    port.push({ busy: true });
    for (const _ of [1, 2]) find("[name=stop]").click();
    expect(port.asked).toEqual([["stop", undefined]]);
  });

  test("says why it couldn't stop, and can be asked again", async () => {
    port.answer = () => {
      throw new Error("Not here.");
    };
    port.push({ busy: true });
    find("[name=stop]").click();
    await eventually(() => expect(note()).toBe("Not here."));
    expect(find<HTMLButtonElement>("[name=stop]").disabled).toBe(false);
  });

  test("opens the cell that becomes active", async () => {
    port.push({ active: "b/small/0" });
    expect(port.asked).toEqual([["cell", { cells: ["b/small/0"] }]]);
    at("b/small/0").focus();
    port.push({ active: "a/small/0" });
    hasFocus(at("a/small/0"));
    port.push({ active: "" });
    expect(find(".dari-pane").hidden).toBe(true);
  });

  test("has a hint as text until something is open or selected", () => {
    const hint = find(".dari-hint");
    port.push({ hint: "Click <b>a cell</b>" });
    expect([hint.hidden, hint.textContent]).toEqual([false, "Click <b>a cell</b>"]);
    at("a/small/0").focus();
    press(" ");
    expect(hint.hidden).toBe(true);
  });
});

describe("filters", () => {
  test("send the condition, and count the rows", async () => {
    write(where(), "tier = gold");
    expect(port.traits.where).toBe("tier = gold");
    await leaves(port, { a: {} });
    expect(heads()).toEqual(["task a"]);
    expect(note()).toContain("1 of 2");
    expect(spoken()).toBe(note());
    port.push({ where: "lenght < 3" });
    await leaves(port, {}, "what is lenght?");
    expect(heads()).toEqual([]);
    expect(note()).toMatch(/0 of 2.*what is lenght\?/);
  });

  test("keep order and menus", async () => {
    choose(find("[name=order]"), "task");
    expect(port.traits.order).toBe("task");
    await leaves(port, { b: {}, a: {} });
    expect(heads()).toEqual(["task b", "task a"]);
    port.push({ order: "unknown" });
    expect(find<HTMLSelectElement>("[name=order]").selectedIndex).toBe(-1);
    port.push({ order: "" });
    expect(find<HTMLSelectElement>("[name=order]").selectedIndex).toBe(0);
  });

  test("keep the focus and text of a field that is drawn again", () => {
    where().focus();
    write(where(), "tier");
    port.push({ tools: `${port.traits.tools}<span></span>` });
    hasFocus(where());
    expect(where().value).toBe("tier");
  });

  test("begin at the top, which nothing else does", async () => {
    const grid = find(".dari-grid");
    at("b/large/0").focus();
    for (const asked of [{ order: "-task" }, { where: "task" }, { baseline: "small" }]) {
      grid.scrollTop = 400;
      port.push(asked);
      expect(grid.scrollTop).toBe(400);
      await leaves(port, { a: {}, b: {} });
      expect(grid.scrollTop).toBe(0);
    }
    grid.scrollTop = 400;
    port.push({ score: "right" });
    port.news({ rows: [row("c", 2)] });
    await drawn();
    expect(grid.scrollTop).toBe(400);
    hasFocus(at("b/large/0"));
  });

  test("offer how a condition goes on", () => {
    const option = find<HTMLOptionElement>("datalist option");
    expect(where().getAttribute("list")).toBe(find("datalist").id);
    for (const [value, offered] of [
      ["ti", "tier = gold"],
      ["tier != basic ti", "tier != basic tier = gold"],
      ["tier = n", "tier = gold"],
      ["right = no ", "right = no tier = gold"],
      ['right = no "my topic" = "far', "right = no tier = gold"],
    ]) {
      write(where(), value as string);
      expect(option.value).toBe(offered);
    }
  });

  test("say that the kernel doesn't answer, until it does", async () => {
    vi.useFakeTimers();
    write(where(), "tier = gold");
    vi.advanceTimersByTime(700);
    write(where(), "tier = golden");
    expect(note()).toBe("");
    vi.advanceTimersByTime(200);
    expect(note()).toMatch(/busy/);
    expect(find(".dari-grid").getAttribute("aria-busy")).toBe("true");
    vi.useRealTimers();
    await leaves(port, { b: {} });
    expect(note()).toContain("1 of 2");
    expect(find(".dari-grid").getAttribute("aria-busy")).toBe("false");
  });

  test("show the cells behind a number, and all when it is pressed again", async () => {
    const number = find("thead [data-where]");
    click(number);
    expect(port.traits.where).toBe("column = small right = *");
    expect(where().value).toBe(port.traits.where);
    await leaves(port, { b: { fit: [0] } });
    expect(heads()).toEqual(["task b"]);
    expect(at("b/small/0").hasAttribute("data-fit")).toBe(true);
    expect(at("b/large/0").hasAttribute("data-fit")).toBe(false);
    hasFocus(number);
    click(number);
    expect(port.traits.where).toBe("");
  });

  test("lead on by arrows from an answer of a task to the cells that have it", async () => {
    const html = '<p>task b</p><button data-where="answer = low" tabindex="-1">low</button>';
    port.news({ rows: [row("b", 1, { html })] });
    at("b/small/0").focus();
    press("ArrowLeft");
    const chosen = find("tbody [data-where]");
    click(chosen);
    await leaves(port, { b: { fit: [1] } });
    hasFocus(chosen);
    press("ArrowDown");
    hasFocus(at("b/large/0"));
  });

  test("mark a repeat that another cell shows", async () => {
    const cells = [1, 2].map((repeat) => cell("a", "large", { repeat, within: "a/large/1" }));
    port.news({ cells });
    port.push({ where: "right = no" });
    await leaves(port, { a: { fit: [5] }, b: { fit: [0] } });
    const fit = [...document.querySelectorAll<HTMLElement>("[data-fit]")];
    expect(fit.map((one) => one.dataset.cell)).toEqual(["a/large/1", "b/small/0"]);
  });

  test("compare with a baseline, and mark what changed", async () => {
    port.push({ against: "<p>stale</p>" });
    choose(find("[name=baseline]"), "small");
    expect(port.traits).toMatchObject({ baseline: "small", against: "" });
    await leaves(port, { b: { marks: { 1: "▼ worse" } }, a: { marks: { 1: "▲ better" } } });
    expect(heads()).toEqual(["task b", "task a"]);
    expect(at("a/large/0").dataset.change).toBe("▲ better");
    expect(at("b/large/0").dataset.change).toBe("▼ worse");
    expect(at("b/small/0").dataset.change).toBeUndefined();
  });

  test("mark several answers of a place once", async () => {
    port.news({ cells: [cell("a", "large", { repeat: 1 })] });
    port.push({ baseline: "small" });
    await leaves(port, { a: { marks: { 1: "▼" } }, b: { marks: { 1: "▼" } } });
    const marks = ["a/large/0", "a/large/1", "b/large/0"].map((id) => at(id).dataset.change);
    expect(marks).toEqual(["▼+", undefined, "▼"]);
  });

  test("name the score that is compared by", () => {
    const options = ["right", "rating"].map((name) => `<option value="${name}"></option>`);
    port.push({ tools: `<select name="score">${options.join("")}</select>`, by: "right" });
    const menu = find<HTMLSelectElement>("[name=score]");
    expect(menu.value).toBe("right");
    port.push({ by: "rating" });
    expect(menu.value).toBe("rating");
    choose(menu, "right");
    expect(port.traits.score).toBe("right");
  });

  test("fold rows on which nothing differs, unless rows are sought or sorted", async () => {
    port.push({ same: "1 task alike" });
    port.news({ rows: [row("a", 0, { same: true })] });
    await eventually(() => expect(heads()).toEqual(["task b"]));
    const line = find("[name=same]");
    expect([line.textContent, line.getAttribute("aria-expanded")]).toEqual([
      expect.stringContaining("1 task alike"),
      "false",
    ]);
    click(line);
    expect(line.getAttribute("aria-expanded")).toBe("true");
    expect(heads()).toEqual(["task b", "task a"]);
    click(line);
    port.push({ order: "number" });
    await leaves(port, { a: {}, b: {} });
    expect(heads()).toEqual(["task a", "task b"]);
  });
});

describe("what is open", () => {
  test("is asked for, named, and gone when it is closed", async () => {
    click(at("b/small/0"));
    expect(port.asked).toEqual([["cell", { cells: ["b/small/0"] }]]);
    expect(find(".dari-log").getAttribute("aria-label")).toMatch(/1: task b/);
    await eventually(() => expect(texts(".dari-pane header")).toEqual(["head"]));
    click(button("Close"));
    expect([find(".dari-pane").hidden, port.traits.active]).toEqual([true, ""]);
    expect(texts(".dari-pane header")).toEqual([""]);
    hasFocus(at("b/small/0"));
  });

  test("is a transcript that grows with its cell", async () => {
    const item = (id: string, after: string | null) => ({
      ...{ id, after, turn: "m", html: `<p>${id}</p>`, since: null, rev: 1 },
    });
    const items = [item("one", null)];
    port.answer = () => ({ head: "<b>head</b>", items });
    click(at("a/small/0"));
    await eventually(() => expect(texts(".dari-log p")).toEqual(["one"]));
    const first = find(".dari-log p");
    items.push(item("two", "one"));
    port.news({ cells: [cell("a", "small", { state: "running" })] });
    await eventually(() => expect(texts(".dari-log p")).toEqual(["one", "two"]));
    expect(find(".dari-log p")).toBe(first);
  });

  test("is the answer to the last question only", async () => {
    const answers: ((head: string) => void)[] = [];
    port.answer = () =>
      new Promise((resolve) => answers.push((head) => resolve({ head, items: [] })));
    click(at("a/small/0"));
    click(at("b/small/0"));
    answers[1]?.("second");
    answers[0]?.("first");
    await eventually(() => expect(texts(".dari-pane header")).toEqual(["second"]));
    await drawn();
    expect(texts(".dari-pane header")).toEqual(["second"]);
  });

  test("says why it couldn't be read", async () => {
    port.answer = () => {
      throw new Error("No session.");
    };
    click(at("a/small/0"));
    await eventually(() => expect(texts(".dari-pane .dari-more")).toEqual(["No session."]));
  });

  test("says that the kernel is gone", async () => {
    port.leave();
    click(at("a/small/0"));
    await eventually(() => expect(texts(".dari-pane .dari-more")).toEqual([GONE]));
    expect(port.asked).toEqual([]);
  });

  test("says that the kernel is busy while no answer comes", () => {
    port.answer = () => new Promise(() => {});
    vi.useFakeTimers();
    click(at("a/small/0"));
    vi.advanceTimersByTime(1000);
    expect(texts(".dari-pane .dari-more")[0]).toMatch(/busy/);
  });

  test("is read repeat by repeat", async () => {
    port.news({ cells: [cell("a", "small", { repeat: 1, within: "a/small/0", html: "" })] });
    click(at("a/small/0"));
    const repeats = [...document.querySelectorAll<HTMLButtonElement>("[name=repeat]")];
    expect(repeats.map((one) => one.textContent)).toEqual(["0", "1"]);
    click(repeats[1] as Element);
    expect(port.asked.at(-1)).toEqual(["cell", { cells: ["a/small/1"] }]);
    expect(at("a/small/0").hasAttribute("data-open")).toBe(true);
    const pressed = find("[name=repeat][aria-pressed=true]");
    expect(pressed.textContent).toBe("1");
    hasFocus(pressed);
    press("4");
    expect(port.bodies("rate")).toMatchObject([{ cell: "a/small/1", value: 4 }]);
  });

  test("is the repeat that meets the conditions", async () => {
    port.news({ cells: [cell("a", "small", { repeat: 1, within: "a/small/0", html: "" })] });
    port.push({ where: "time < 3" });
    await leaves(port, { a: { fit: [2] } });
    at("a/small/0").focus();
    press(" ");
    expect(port.traits.selection).toEqual(["a/small/1"]);
    press(" ");
    expect(port.traits.selection).toEqual([]);
    press("Enter");
    expect(port.traits.active).toBe("a/small/1");
  });
});

describe("the selection", () => {
  test("is made by Ctrl, Shift or Meta and a click", () => {
    click(at("a/small/0"), { ctrlKey: true });
    click(at("b/small/0"), { shiftKey: true });
    click(at("b/large/0"), { metaKey: true });
    expect(port.traits.selection).toEqual(["a/small/0", "b/small/0", "b/large/0"]);
    click(at("b/small/0"), { ctrlKey: true });
    expect(port.traits.selection).toEqual(["a/small/0", "b/large/0"]);
    expect(at("b/large/0").getAttribute("aria-selected")).toBe("true");
    expect(port.asked).toEqual([]);
    click(find("[name=clear]"));
    expect(port.traits.selection).toEqual([]);
    expect(at("b/large/0").getAttribute("aria-selected")).toBe("false");
  });

  test("is compared by a button that needs two", async () => {
    const compare = find<HTMLButtonElement>("[name=compare]");
    expect(compare.hidden).toBe(true);
    port.push({ selection: ["a/small/0"] });
    expect([compare.hidden, compare.disabled]).toEqual([false, true]);
    port.push({ selection: ["a/small/0", "a/large/0"] });
    port.answer = () => "<table class='dari-compare'></table>";
    click(compare);
    expect(port.asked).toEqual([["compare", { cells: port.traits.selection }]]);
    await eventually(() => find(".dari-compare"));
    expect(find(".dari-log").getAttribute("aria-label")).toBeTruthy();
  });

  test("is compared again as its cells change, and stays as it was opened", async () => {
    const answers: ((html: string) => void)[] = [];
    const table = (word: string) => `<table class="dari-compare"><tbody><tr><td>
      <details><summary>look</summary>${word}</details></td></tr></tbody></table>`;
    port.answer = () => new Promise((resolve) => answers.push(resolve));
    port.push({ selection: ["a/small/0", "a/large/0"] });
    at("a/small/0").focus();
    press("c");
    for (const rating of [1, 2, 3])
      port.news({ cells: [cell("a", "small", { scores: { rating } })] });
    expect(port.asked).toHaveLength(1);
    answers[0]?.(table("once"));
    await eventually(() => expect(port.asked).toHaveLength(2));
    const details = find<HTMLDetailsElement>(".dari-compare details");
    details.open = true;
    find(".dari-compare summary").focus();
    answers[1]?.(table("twice"));
    await eventually(() => expect(details.textContent).toBe("looktwice"));
    expect([details.isConnected, details.open]).toEqual([true, true]);
    hasFocus(find(".dari-compare summary"));
    port.news({ cells: [cell("b", "small")] });
    expect(port.asked).toHaveLength(2);
  });
});
