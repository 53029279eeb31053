import { afterEach, beforeEach, expect, test } from "vitest";
import { PagePort } from "../../src/player/page_port";
import { PrintedScenes } from "../../src/player/printed";
import type { Chapter, Mark, State, Step } from "../../src/player/wire";

const STATE: State = {
  at: 0,
  playing: false,
  speed: 1,
  idle_limit: null,
  height: 0,
  drafts: {},
  replies: 0,
  scope: "",
};
const asked = (ask: string) => ({ ask, html: `<p>${ask}</p>`, answer: null });
const asks: Mark = { id: "m", steps: 1, at: 0, text: "Why.", ...asked("Why?") };
let over: AbortController;

function chapter(begins: number): Chapter {
  const [agent, llm, spent] = ["tour", "", ""];
  const about = { label: "", agent, llm, part: "", spent, items: [], errors: [] };
  return { begins, seconds: 1, steps: 2, marks: [], ...about };
}

function turn(number: number): Step[] {
  const item = (id: string, after: string | null, rev: number) => ({
    at: rev,
    changes: [{ id, turn: `t${number}`, after, html: `<p>${id}</p>`, since: null, rev }],
  });
  return [item(`asked ${number}`, null, 1), item(`answered ${number}`, `asked ${number}`, 2)];
}

/** A page of so many turns with two items each, and what is asked in the second one. */
function page(turns: number, marks: Mark[] = []) {
  const chapters = Array.from({ length: turns }, (_, number) => chapter(number * 2));
  if (chapters[1]) chapters[1].marks = marks;
  const whole = { seconds: turns * 2, turns, left_out: "", nothing: "", answered: "" };
  const steps = async (number: number) => turn(number + 1);
  const recorded = { whole, chapters, questions: {}, steps };
  const el = document.createElement("main");
  const port = new PagePort(recorded, STATE);
  return { el, port, scenes: new PrintedScenes(el, port, recorded, over.signal) };
}

const printed = (el: Element) => {
  dispatchEvent(new Event("beforeprint"));
  return [...(el.querySelector(".dari-printed")?.children ?? [])].map((one) => one.textContent);
};

beforeEach(() => {
  over = new AbortController();
});
afterEach(() => over.abort());

test("prints everything, and removes it again", async () => {
  const { el, scenes } = page(3);
  await scenes.read();
  const turns = [1, 2, 3].map((number) => `asked ${number}answered ${number}`);
  expect(printed(el)).toEqual(turns);
  expect(printed(el)).toEqual(turns);
  dispatchEvent(new Event("afterprint"));
  expect(el.childElementCount).toBe(0);
});

test("prints up to the first open question", async () => {
  const { el, port, scenes } = page(3, [
    asks,
    { ...asks, id: "n", ...asked("And now?"), steps: 2 },
  ]);
  await scenes.read();
  const [first, open] = ["asked 1answered 1", " · it goes on behind this question"];
  expect(printed(el)).toEqual([first, "asked 2", `Why?${open}`]);
  await port.ask("reply", { id: "m", text: "So." });
  const second = "asked 2Why? · you expected: So.answered 2";
  expect(printed(el)).toEqual([first, second, `And now?${open}`]);
});

test("says on the print what is missing", async () => {
  const { el, scenes } = page(2001);
  expect(printed(el)).toEqual([expect.stringMatching(/ 0 of 2001/)]);
  await scenes.read();
  const told = printed(el);
  expect([told.length, told.at(-1)]).toEqual([2001, expect.stringMatching(/ 2000 of 2001/)]);
});
