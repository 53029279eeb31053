import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { matrix } from "../../src/matrix/component";
import { letter } from "../../src/matrix/grid";
import { cell, column, row, Side, small } from "./matrices";

let side: Side;
let closing: AbortController;
let el: HTMLElement;

const texts = (selector: string) =>
  [...el.querySelectorAll(selector)].map((element) => element.textContent?.trim());
const at = (id: string) => el.querySelector<HTMLElement>(`[data-cell="${id}"]`) as HTMLElement;
const settled = () => vi.waitFor(() => expect(el.querySelector("tbody")).not.toBeNull());
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

describe("a matrix", () => {
  test("has a row for each task and a cell for each LLM", () => {
    expect(texts("thead th")).toEqual(["Task", "small 1 / 1", "large 1 / 1"]);
    expect(texts("tbody th")).toEqual(["task a", "task b"]);
    expect(texts("td")).toEqual([
      "answer a small",
      "answer a large",
      "answer b small",
      "answer b large",
    ]);
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
    const columns = [...small().columns, column("huge", 2)];
    const cells = [cell("c", "huge"), cell("a", "small", { repeat: 1 })];
    side.deliver(1, 2, { columns, rows: [row("c", 2)], cells });
    await vi.waitFor(() => expect(texts("tbody th")).toEqual(["task a", "task b", "task c"]));
    expect(el.querySelectorAll("tbody tr")).toHaveLength(6);
    expect(at("a/small/1").closest("tr")?.previousElementSibling).toBe(
      at("a/small/0").closest("tr"),
    );
    expect(el.querySelectorAll("td:not([data-cell])").length).toBe(18 - 6);
  });

  test("puts the repeats of a single LLM beside each other", async () => {
    const cells = [0, 1, 2].map((repeat) => cell("a", "small", { repeat }));
    side.deliver(1, 2, { columns: [column("small")], rows: [], cells });
    await vi.waitFor(() => expect(texts("thead th")).toHaveLength(4));
    expect(texts("thead th")).toEqual(["Task", "small · 1", "small · 2", "small · 3"]);
    expect(at("a/small/2").closest("tr")).toBe(at("a/small/0").closest("tr"));
  });

  test("hides names of LLMs and shuffles them when it is blind", () => {
    side.set({ blind: true });
    expect(texts("thead th")).toEqual(["Task", "A", "B"]);
    expect(texts("td").slice(0, 2)).toEqual(["answer a large", "answer a small"]);
    expect(el.classList.contains("dari-blind")).toBe(true);
    expect([0, 25, 26, 27].map(letter)).toEqual(["A", "Z", "AA", "AB"]);
  });

  test("shows the rows that the fields ask for, and counts them", () => {
    const filter = el.querySelector<HTMLInputElement>("[name=filter]") as HTMLInputElement;
    filter.value = "tier=gold";
    filter.dispatchEvent(new Event("input", { bubbles: true }));
    expect(side.traits.filter).toBe("tier=gold");
    expect(texts("tbody th")).toEqual(["task a"]);
    expect(texts(".dari-tools > .dari-note")[0]).toBe("1 of 2 tasks");
  });

  test("says stop to the kernel once", () => {
    side.set({ busy: true });
    const stop = el.querySelector<HTMLButtonElement>("[name=stop]");
    stop?.click();
    stop?.click();
    expect(side.sent).toEqual([{ kind: "stop" }]);
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

  test("Enter opens a transcript, and Escape leads back to its cell", async () => {
    at("b/small/0").focus();
    press("Enter");
    expect(side.asked).toEqual([["cell", { cells: ["b/small/0"], blind: false }]]);
    await vi.waitFor(() => expect(texts(".dari-pane header")).toEqual(["head"]));
    expect(at("b/small/0").hasAttribute("data-open")).toBe(true);
    el.querySelector<HTMLElement>(".dari-log")?.focus();
    press("Escape");
    expect(el.querySelector<HTMLElement>(".dari-pane")?.hidden).toBe(true);
    expect(focused()).toBe("b/small/0");
  });

  test("Space chooses cells and c compares them", async () => {
    side.answer = async () => "<table class='dari-compare'></table>";
    at("a/small/0").focus();
    press(" ");
    press("ArrowRight");
    press(" ");
    expect(side.traits.chosen).toEqual(["a/small/0", "a/large/0"]);
    expect(at("a/large/0").getAttribute("aria-selected")).toBe("true");
    press("c");
    expect(side.asked).toEqual([["compare", { cells: side.traits.chosen, blind: false }]]);
    await vi.waitFor(() => expect(el.querySelector(".dari-compare")).not.toBeNull());
    press(" ");
    expect(side.traits.chosen).toEqual(["a/small/0"]);
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

  test("a digit rates, the same digit takes it back, and the page says what was saved", async () => {
    at("a/small/0").focus();
    press("4");
    await vi.waitFor(() => expect(texts("[role=status]")).toEqual(["Task 1: saved: 4 of 5"]));
    press("Enter");
    expect(pressed()).toEqual(["4"]);
    at("a/small/0").focus();
    press("4");
    await vi.waitFor(() => expect(told()).toBe("saved, not rated"));
    const rates = side.asked.filter(([what]) => what === "rate").map(([, body]) => body);
    const rating = { cell: "a/small/0", name: "rating", note: "" };
    expect(rates).toEqual([
      { ...rating, value: 4 },
      { ...rating, value: null },
    ]);
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
    expect(side.asked.at(-1)?.[1]).toMatchObject({ value: 2, note: "fine" });
  });

  test("a rating that was not kept is not shown, and the cause is", async () => {
    side.answer = async (what) => {
      if (what === "rate") throw new Error("Not saved: the disk is full.");
      return { head: "", items: [] };
    };
    at("b/large/0").focus();
    press("1");
    await vi.waitFor(() => expect(told()).toBe("Not saved: the disk is full."));
    expect(pressed()).toEqual([]);
    expect(at("b/large/0").hasAttribute("data-open")).toBe(true);
  });

  test("without a score to rate digits mean nothing", () => {
    side.set({ rating: "" });
    at("a/small/0").focus();
    press("3");
    expect(side.asked).toEqual([]);
  });
});
