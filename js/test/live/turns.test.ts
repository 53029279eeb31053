import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TurnList } from "../../src/live/turns";
import { call, gone, item, row } from "../fragments";

let root: HTMLElement;
let list: TurnList;

const ids = () =>
  [...root.querySelectorAll<HTMLElement>("[data-item]")].map((element) => element.dataset.item);
const turns = () =>
  [...root.querySelectorAll<HTMLElement>("article")].map((article) => article.dataset.turn);
const details = (id: string) => root.querySelector(`[data-item=${id}]`) as HTMLDetailsElement;

// Time stands still, so that a slow machine does not spread a few items over frames.
beforeEach(() => {
  vi.spyOn(performance, "now").mockReturnValue(0);
  root = document.createElement("div");
  document.body.replaceChildren(root);
  list = new TurnList(root, (change) => void change(), new AbortController().signal);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a list of turns", () => {
  test("puts each item into the article of its turn", () => {
    list.add(row(["a", "b"], "m1"));
    list.add([item("c", "b", { turn: "m2" }), item("a2", "a", { turn: "m1" })]);
    expect(turns()).toEqual(["m1", "m2"]);
    expect(ids()).toEqual(["a", "a2", "b", "c"]);
  });

  test("puts an earlier turn that comes late first", () => {
    list.add(row(["b"], "m2"));
    list.add([item("a", null, { turn: "m1" }), item("b", "a", { turn: "m2" })]);
    expect(turns()).toEqual(["m1", "m2"]);
    expect(ids()).toEqual(["a", "b"]);
  });

  test("moves an item with another predecessor", () => {
    list.add(row(["a", "b", "c"]));
    list.add([item("a", "c")]);
    expect(ids()).toEqual(["b", "c", "a"]);
  });

  test("removes an item, and its turn with the last one", () => {
    list.add([...row(["a"], "m1"), item("b", "a", { turn: "m2" })]);
    list.add([gone("b"), gone("never")]);
    expect(turns()).toEqual(["m1"]);
    list.add([item("b", "a", { turn: "m2" })]);
    expect(turns()).toEqual(["m1", "m2"]);
  });

  test("opens a call as its fragment says until somebody touched it", () => {
    list.add([call("c", null, "running")]);
    list.add([
      { ...call("c", null, "failed"), html: "<details open><summary>x</summary></details>" },
    ]);
    expect(details("c").open).toBe(true);
  });

  test("keeps a thought open when the answer replaces its draft", () => {
    const thought = (open: string, text: string) =>
      `<div class="dari-answer"><details${open}><summary>t</summary></details>${text}</div>`;
    list.add([item("d", null, { html: thought(" open", "") })]);
    const fold = root.querySelector("details") as HTMLDetailsElement;
    fold.querySelector("summary")?.click();
    list.add([item("d", null, { html: thought(" open", "A") })]);
    expect(fold.open).toBe(false);
    fold.querySelector("summary")?.click();
    list.add([{ ...item("a", null, { html: thought("", "An answer") }), of: "d" }]);
    expect(fold.isConnected).toBe(true);
    expect(fold.open).toBe(true);
    list.add([item("a", null, { html: thought("", "An answer.") })]);
    expect(fold.open).toBe(true);
  });

  test("runs no script of a fragment", () => {
    const html = `<div><script>window.ran = true</script></div>`;
    list.add([item("a", null, { html })]);
    expect("ran" in window).toBe(false);
  });

  test("spreads many items over frames", async () => {
    const many = Array.from({ length: 3000 }, (_, n) => `i${n}`);
    let now = 0;
    vi.mocked(performance.now).mockImplementation(() => now++);
    list.add(row(many));
    expect(ids().length).toBeLessThan(3000);
    await vi.waitFor(() => expect(ids().length).toBe(3000), { timeout: 60_000 });
    expect(ids()).toEqual(many);
  }, 90_000);

  test("keeps the order across the chunks of a long turn", () => {
    const many = Array.from({ length: 350 }, (_, n) => `i${n}`);
    list.add([...row(many), item("pending", "i349")]);
    list.add([
      item("late", "i349"),
      item("i100", "i99", { html: "<div>new</div>" }),
      item("mid", "i150"),
      gone("i99"),
      item("i0", "mid"),
    ]);
    const expected = [...many.slice(1, 99), ...many.slice(100, 151), "mid", "i0"];
    expect(ids()).toEqual([...expected, ...many.slice(151), "late", "pending"]);
    expect(
      Math.max(...[...root.querySelectorAll(".dari-chunk")].map((c) => c.childElementCount)),
    ).toBeLessThanOrEqual(102);
  });

  test("removes empty boxes", () => {
    const many = Array.from({ length: 250 }, (_, n) => `i${n}`);
    list.add(row(many));
    list.add(many.map(gone));
    expect(root.childElementCount).toBe(0);
  });

  test("keeps finished parts of an answer untouched", () => {
    const html = (...parts: string[]) => `<div class="dari-answer">${parts.join("")}</div>`;
    list.add([item("u", null), item("draft", "u", { html: html("<p>one</p>", "<p>tw</p>") })]);
    const [one, two] = [...details("draft").children];
    list.add([item("draft", "u", { html: html("<p>one</p>", "<p>two</p>", "<p>th</p>") })]);
    const said = item("said", "u", { html: html("<p>one</p>", "<p>two</p>", "<p>three</p>") });
    list.add([{ ...said, of: "draft" }, item("draft", "said")]);
    expect(ids()).toEqual(["u", "said", "draft"]);
    expect([...details("said").children].slice(0, 2)).toEqual([one, two]);
    expect(details("said").textContent).toBe("onetwothree");
  });
});
