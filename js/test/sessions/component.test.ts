import { describe, expect, test, vi } from "vitest";
import { sessions } from "../../src/sessions/component";
import { GONE } from "../port";
import {
  button,
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
import { line, row, SessionsPort, shown, THREE } from "./rows";

const beside = () => find(".dari-beside");
const count = () => find(".dari-count").textContent ?? "";
const query = () => find<HTMLInputElement>("input[type=search]");
const keys = () =>
  [...document.querySelectorAll<HTMLElement>("tbody tr")].map(({ dataset }) => dataset.id);
const many = (length: number) =>
  Array.from({ length }, (_, n) =>
    row(`s${n}`, { created: "2026-01-01", metadata: { n: `${n}` } }),
  );

/** What each listed key does; the first line has the focus. */
const DOES: Record<string, (port: SessionsPort) => unknown> = {
  "↓": () => moves("ArrowDown", "s3", "run:triage"),
  j: () => moves("j", "s3", "run:triage"),
  "↑": () => moves("ArrowUp", "run:triage", "s3"),
  k: () => moves("k", "run:triage", "s3"),
  Enter: (port) => opens(port, "Enter"),
  o: (port) => opens(port, "o"),
  Space: (port) => selects(port, " "),
  x: (port) => selects(port, "x"),
  a(port) {
    press("a");
    expect(port.traits.selection).toEqual(["s3", "s2", "s1"]);
    press("a");
    expect(port.traits.selection).toEqual([]);
  },
  "/"() {
    expect(press("/").defaultPrevented).toBe(true);
    hasFocus(query());
  },
  "?"() {
    press("?");
    expect(listed()).not.toEqual([]);
    press("?");
    expect(listed()).toEqual([]);
  },
  async Esc(port) {
    await opens(port, "Enter");
    press("?");
    beside().focus();
    press("Escape");
    expect([beside().hidden, port.traits.active, listed()]).toEqual([true, "", []]);
    hasFocus(line("s3"));
  },
};

function moves(key: string, from: string, to: string): void {
  line(from).focus();
  expect(press(key).defaultPrevented).toBe(true);
  hasFocus(line(to));
}

async function opens(port: SessionsPort, key: string): Promise<void> {
  press(key);
  expect(port.traits.active).toBe("s3");
  await eventually(() => expect(beside().textContent).toContain("transcript of s3"));
}

function selects(port: SessionsPort, key: string): void {
  press(key);
  expect(port.traits.selection).toEqual(["s3"]);
  press(key);
  expect(port.traits.selection).toEqual([]);
}

describe("keys", () => {
  test.each(Object.entries(DOES))("hears %s", async (_, check) => {
    const port = await shown();
    line("s3").focus();
    await check(port);
  });

  test("lists what it hears", async () => {
    await shown();
    click(button("Keys"));
    const named = listed().map((key) => (key.trim() ? key : "Space"));
    expect(named.sort()).toEqual(Object.keys(DOES).sort());
  });

  test("are text in the field, but for Escape", async () => {
    const port = await shown();
    query().focus();
    for (const key of ["a", "j", "x", " ", "?", "/"])
      expect(press(key).defaultPrevented).toBe(false);
    expect([port.traits.selection, listed()]).toEqual([[], []]);
    press("Escape");
    hasFocus(line("s3"));
  });

  test("mean nothing with Ctrl, Alt or Meta", async () => {
    const port = await shown();
    line("s3").focus();
    for (const held of ["ctrlKey", "altKey", "metaKey"])
      for (const key of ["a", "x", "o", "?", "Enter"]) press(key, { [held]: true });
    expect([port.traits, listed()]).toMatchObject([{ selection: [], active: "" }, []]);
  });
});

describe("a table of sessions", () => {
  test("has a line for each session and each run", async () => {
    await shown();
    expect(keys()).toEqual(["s3", "run:triage"]);
    await eventually(() => expect(texts("td button")).toEqual(["words of s3", "words of s1"]));
    expect(line("run:triage").textContent).toMatch(/triage.*2/);
    expect(count()).toMatch(/^3 /);
  });

  test("has roles, one line in the tab order, and names for boxes", async () => {
    await shown();
    expect(find("table").getAttribute("role")).toBe("treegrid");
    expect(find("table").getAttribute("aria-multiselectable")).toBe("true");
    expect(document.querySelectorAll("tbody [tabindex='0']")).toHaveLength(1);
    for (const box of document.querySelectorAll("tbody input"))
      expect(box.getAttribute("aria-label")).toBeTruthy();
    line("run:triage").focus();
    expect([line("run:triage").tabIndex, line("s3").tabIndex]).toEqual([0, -1]);
  });

  test("opens a run below its line, and folds it again", async () => {
    const port = await shown();
    const run = line("run:triage");
    expect(run.getAttribute("aria-expanded")).toBe("false");
    run.focus();
    press("Enter");
    expect(keys()).toEqual(["s3", "run:triage", "s2", "s1"]);
    expect(run.getAttribute("aria-expanded")).toBe("true");
    hasFocus(run);
    press("Enter");
    expect(keys()).toHaveLength(2);
    expect(port.traits.active).toBe("");
  });

  test("selects all sessions of a run", async () => {
    const port = await shown();
    line("run:triage").focus();
    press("x");
    expect(port.traits.selection).toEqual(["s2", "s1"]);
    expect(line("run:triage").getAttribute("aria-selected")).toBe("true");
    expect(count()).toMatch(/2 selected/);
    port.push({ selection: ["s1"] });
    const box = find<HTMLInputElement>('[data-id="run:triage"] input');
    expect([box.checked, box.indeterminate]).toEqual([false, true]);
  });

  test.each(["td:nth-child(2)", "td button", "td:nth-child(3)", "td:last-child"])(
    "opens a session by a click on %s",
    async (place) => {
      const port = await shown();
      click(find(`[data-id=s3] ${place}`));
      expect([port.traits.active, port.traits.selection]).toEqual(["s3", []]);
      expect(line("s3").getAttribute("aria-current")).toBe("true");
      expect(port.bodies("open")).toEqual([{ id: "s3" }]);
    },
  );

  test.each(["td:first-child", "input"])("selects it by a click on %s", async (place) => {
    const port = await shown();
    click(find(`[data-id=s3] ${place}`));
    expect([port.traits.active, port.traits.selection]).toEqual(["", ["s3"]]);
  });

  test("selects a range with Shift", async () => {
    const port = await shown(new SessionsPort(many(5)));
    click(find("[data-id=s1] td"));
    click(find("[data-id=s3] td"), { shiftKey: true });
    expect(port.traits.selection).toEqual(["s1", "s2", "s3"]);
  });

  test("keeps its elements while lines are drawn again", async () => {
    const port = await shown();
    const before = [find("[data-id=s3] button"), find("[data-id=s3] small"), line("s3")];
    port.push({ selection: ["s3"] });
    expect(before.map((one) => one.isConnected)).toEqual([true, true, true]);
  });

  test("shows what is open as the kernel says", async () => {
    const port = await shown();
    port.push({ active: "s1" });
    await eventually(() => expect(beside().textContent).toContain("transcript of s1"));
    expect(line("s1").getAttribute("aria-current")).toBe("true");
    expect(line("run:triage").getAttribute("aria-expanded")).toBe("true");
    port.push({ preview: false });
    expect(beside().hidden).toBe(true);
    port.push({ active: "" });
    expect(line("s1").hasAttribute("aria-current")).toBe(false);
  });

  test("says how to go on with a session", async () => {
    await shown();
    click(line("s3"));
    await eventually(() => expect(texts("code").join()).toMatch(/%dari_send .*s3/));
  });

  test("reads again on request", async () => {
    const port = await shown();
    click(button("Reload"));
    await eventually(() => expect(port.bodies("rows")).toHaveLength(2));
  });

  test("draws a hundred lines, and more on request", async () => {
    await shown(new SessionsPort(many(157)));
    expect(keys()).toHaveLength(100);
    click(button(/^57 /));
    expect(keys()).toHaveLength(157);
    expect(texts(".dari-scroll > button:not([hidden])")).toEqual([]);
  });
});

describe("finding", () => {
  test("is by metadata, fields and words of the first message", async () => {
    const port = new SessionsPort();
    port.words = { s2: "Where is my passport?" };
    await shown(port);
    write(query(), "n=3");
    expect(keys()).toEqual(["s3"]);
    expect(count()).toMatch(/1 of 3/);
    write(query(), "PASSPORT");
    await eventually(() => expect(keys()).toEqual(["run:triage"]));
    expect(line("run:triage").textContent).toMatch(/1 of 2/);
    write(query(), "");
    expect(keys()).toHaveLength(2);
  });

  test("asks for each first message once", async () => {
    const port = await shown(new SessionsPort(many(150)));
    write(query(), "words of s149");
    await eventually(() => expect(keys()).toEqual(["s149"]));
    const asked = port.bodies("summaries").flatMap((body) => (body as { ids: string[] }).ids);
    expect(asked).toHaveLength(new Set(asked).size);
  });

  test("selects only what is found", async () => {
    const port = await shown();
    write(query(), "n=3");
    line("s3").focus();
    press("a");
    expect(port.traits.selection).toEqual(["s3"]);
  });
});

describe("sorting", () => {
  const head = (column: string) => button(column);

  test("is by a column, and the other way again", async () => {
    const port = new SessionsPort(many(3));
    port.words = { s0: "b", s1: "c", s2: "a" };
    await shown(port);
    click(head("asked"));
    await eventually(() => expect(keys()).toEqual(["s2", "s0", "s1"]));
    expect(button("asked").closest("th")?.getAttribute("aria-sort")).toBe("ascending");
    click(head("asked"));
    await eventually(() => expect(keys()).toEqual(["s1", "s0", "s2"]));
    expect(button("asked").closest("th")?.getAttribute("aria-sort")).toBe("descending");
    expect(button("when").closest("th")?.getAttribute("aria-sort")).toBe("none");
  });

  test("is right once late words have come", async () => {
    const port = new SessionsPort(many(3));
    const answer = port.answer;
    let come = () => {};
    const late = new Promise<void>((resolve) => {
      come = resolve;
    });
    port.words = { s0: "b", s1: "c", s2: "a" };
    port.answer = async (what, body, buffers) => {
      if (what === "summaries") await late;
      return answer(what, body, buffers);
    };
    await shown(port);
    click(head("asked"));
    come();
    await eventually(() => expect(keys()).toEqual(["s2", "s0", "s1"]));
  });
});

describe("what doesn't come", () => {
  test("is said in place of the table", async () => {
    const port = new SessionsPort();
    port.leave();
    show(sessions, port);
    await eventually(() => expect(count()).toBe(GONE));
    expect(find(".dari-count").getAttribute("role")).toBe("status");
  });

  test("is said in place of the session", async () => {
    const port = await shown();
    port.leave();
    click(line("s3"));
    await eventually(() => expect(beside().textContent).toBe(GONE));
    expect(keys()).toHaveLength(2);
  });

  test("leaves nothing of the session before", async () => {
    const port = await shown(new SessionsPort([THREE[0] as never, row("s0")]));
    click(line("s3"));
    await eventually(() => expect(beside().textContent).toContain("of s3"));
    vi.useFakeTimers();
    port.answer = () => new Promise(() => {});
    click(line("s0"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(beside().textContent).toMatch(/busy/);
    expect(beside().textContent).not.toContain("s3");
  });

  test("leaves the text to find where it is", async () => {
    const port = await shown();
    write(query(), "passport");
    port.leave();
    click(button("Reload"));
    await settled();
    expect(query().value).toBe("passport");
  });
});
