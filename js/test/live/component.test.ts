import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Question } from "../../src/host/wire";
import { call, gone, item, row } from "../fragments";
import { GONE } from "../port";
import { button, click, eventually, find, hasFocus, press, settled, texts, write } from "../view";
import { LivePort, shown } from "./lives";

let port: LivePort;
const items = () => texts("[role=log] [data-item]");
const note = () => find(".dari-bar .dari-note").textContent ?? "";

beforeEach(() => {
  // Time stands still, so that a slow machine doesn't spread a few items over frames.
  vi.spyOn(performance, "now").mockReturnValue(0);
  port = shown();
});

describe("a live turn", () => {
  test("shows items that come, change and go", () => {
    port.items(...row(["a", "b"]));
    port.items(item("b", "a", { html: "<div>new</div>" }), item("c", "b"));
    expect(items()).toEqual(["a", "new", "c"]);
    port.items(gone("a"));
    expect(items()).toEqual(["new", "c"]);
  });

  test("lets a draft grow, and become its answer", () => {
    const html = '<div class="dari-answer" data-state="running"><p>a</p></div>';
    port.items({ ...item("draft", null, { html }), rev: 5 });
    const answer = find("[data-item] p");
    const end = html.indexOf("</p>");
    port.items({ id: null, base: 5, rev: 6, edits: [[end, end, "b"]] });
    port.items({ id: "said", base: 6, rev: 7, edits: [[end + 1, end + 1, "c"]] });
    expect(items()).toEqual(["abc"]);
    expect(find("[data-item] p")).toBe(answer);
    expect(find("[data-item]").dataset.item).toBe("said");
  });

  test("ignores a growth of a version that it doesn't have", () => {
    port.items({ ...item("draft", null), rev: 5 });
    port.items({ id: null, base: 4, rev: 7, edits: [[0, 3, "x"]] });
    expect(items()).toEqual(["draft"]);
  });

  test("applies batches in order, and asks for one that is missing", () => {
    port.batch(1, item("a", null));
    port.batch(3, item("c", "b"));
    expect(items()).toEqual(["a"]);
    expect(port.sent).toEqual([{ kind: "resend", first: 2 }]);
    port.batch(2, item("b", "a"));
    port.batch(2, gone("a"));
    expect(items()).toEqual(["a", "b", "c"]);
  });

  test("says hello on a page that heard nothing", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const late = shown(new LivePort());
    vi.advanceTimersByTime(1000);
    expect(late.sent).toEqual([{ kind: "hello" }]);
    late.snapshot(7, ...row(["a", "b"]));
    expect(items()).toEqual(["a", "b"]);
  });

  test("ignores unknown fields and attributes", () => {
    port.items({ ...item("a", null), mood: "odd" } as never);
    port.push({ weather: "rain" } as never);
    expect(items()).toEqual(["a"]);
  });

  test("shows head and state, and says only the state aloud", () => {
    const status = () => find(".dari-bar [role=status]").textContent;
    expect(texts("header")).toEqual(["librarian"]);
    expect(status()).toBe("running");
    port.push({ state: "completed", seconds: 4.2, head: "<b>other</b>" });
    expect([status(), texts("header")]).toEqual(["done", ["other"]]);
    expect(find("[role=log]").getAttribute("aria-live")).toBe("off");
    expect(find("[role=log]").tabIndex).toBe(0);
    expect(find(".dari-bar").textContent).toContain("4.2 s");
  });

  test("keeps open what the reader opened", () => {
    port.items(call("c", null, "running"));
    find("summary").focus();
    find("summary").click();
    port.items(call("c", null, "done"));
    expect(find<HTMLDetailsElement>("details").open).toBe(true);
    hasFocus(find("summary"));
  });
});

describe("stop", () => {
  const stop = () => find<HTMLButtonElement>(".dari-stop");

  test("is asked for once", async () => {
    click(stop());
    stop().click();
    await settled();
    expect(port.asked).toEqual([["stop", undefined]]);
    expect(stop().disabled).toBe(true);
  });

  test("is called as the kernel says, and gone with the turn", () => {
    port.push({ stop: "Cancel" });
    expect(stop().textContent).toBe("Cancel");
    port.push({ state: "completed" });
    expect(stop().hidden).toBe(true);
  });

  test("says why it wasn't heard, and can be pressed again", async () => {
    port.leave();
    click(stop());
    await eventually(() => expect(note()).toBe(GONE));
    expect(stop().disabled).toBe(false);
    expect(port.asked).toEqual([]);
  });
});

describe("a question", () => {
  const ask = (id: string, about = ""): Question => {
    const given = "<dl><dd>n: 1</dd></dl>";
    return { id, name: `tool_${id}`, about, arguments: given };
  };
  const cards = () => [...document.querySelectorAll<HTMLElement>(".dari-question")];

  beforeEach(() => port.push({ questions: [ask("i1", "Double it.")] }));

  test("shows the tool and its arguments, and is said aloud", () => {
    const [card] = cards();
    expect(card?.getAttribute("aria-label")).toMatch(/tool_i1/);
    expect(card?.textContent).toMatch(/Double it\..*n: 1/);
    expect(find(".dari-questions [role=status]").textContent).toMatch(/tool_i1/);
    expect(find("[aria-label=Arguments]").tabIndex).toBe(0);
  });

  test.each([
    [/^Run/, "run"],
    [/^Refuse/, "refuse"],
    [/^Always/, "always"],
  ])("is decided by button %s", async (name, verdict) => {
    click(button(name));
    expect(port.asked).toEqual([["decide", { id: "i1", verdict, reason: "" }]]);
    expect(find(".dari-question .dari-line").hasAttribute("inert")).toBe(true);
  });

  test("is refused with a reason, by its button or by Enter", () => {
    port.push({ questions: [ask("i1"), ask("i2")] });
    const [first, second] = document.querySelectorAll("input");
    write(first as Element, " Too large. ");
    click(button("Refuse"));
    write(second as Element, "Not this.");
    second?.focus();
    press("Enter", { isComposing: true });
    press("Enter");
    expect(port.bodies("decide")).toEqual([
      { id: "i1", verdict: "refuse", reason: "Too large." },
      { id: "i2", verdict: "refuse", reason: "Not this." },
    ]);
  });

  test("is approved without the reason that was begun", () => {
    write(find("input"), "No, bec");
    click(button(/^Run/));
    expect(port.bodies("decide")).toEqual([{ id: "i1", verdict: "run", reason: "" }]);
  });

  test("can be decided again when the decision didn't arrive", async () => {
    write(find("input"), "why not");
    port.leave();
    click(button("Refuse"));
    await eventually(() => expect(texts(".dari-question [role=alert]")).toEqual([GONE]));
    expect(find(".dari-question .dari-line").hasAttribute("inert")).toBe(false);
    expect(find<HTMLInputElement>("input").value).toBe("why not");
    hasFocus(button("Refuse"));
  });

  test("hands the focus to the next card, then to the transcript", () => {
    port.push({ questions: [ask("i1"), ask("i2")] });
    click(button(/^Run/));
    hasFocus(cards()[0] as Element);
    port.push({ questions: [ask("i2")] });
    hasFocus(cards()[0] as Element);
    port.push({ questions: [] });
    hasFocus(find("[role=log]"));
  });

  test("keeps what is being written while another one comes", () => {
    write(find("input"), "bec");
    port.push({ questions: [ask("i1"), ask("i2")] });
    expect(find<HTMLInputElement>("input").value).toBe("bec");
    expect(cards()).toHaveLength(2);
  });

  test("is answered in the input field of a cell that is busy", () => {
    port.push({ questions: [], blocking: true });
    port.push({ questions: [ask("i3")] });
    expect(cards()[0]?.querySelectorAll("button, input")).toHaveLength(0);
    expect(cards()[0]?.querySelector(".dari-note")).not.toBeNull();
  });
});
