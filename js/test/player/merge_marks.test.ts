import { expect, test } from "vitest";
import { Timeline } from "../../src/live/timeline";
import type { Change } from "../../src/live/wire";
import { mergeMarks, passed, plainText } from "../../src/player/merge_marks";
import type { Mark, Step } from "../../src/player/wire";

const mark = (id: string, steps: number, told: Partial<Mark> = {}): Mark => ({
  ...{
    id,
    steps,
    at: 0,
    text: "It stops.",
    ask: "Why?",
    html: "<p>Why?</p>",
    answer: id,
  },
  ...told,
});
let rev = 0;
const item = (id: string, after: string | null, html: string | null = `<p>${id}</p>`): Change => ({
  ...{ id, turn: "t", after, html, since: null, rev: ++rev },
});
const pending = (after: string) =>
  item("t:pending", after, '<div class="dari-pending" data-state="running">tour working …</div>');
const step = (...changes: Change[]): Step => ({ at: 0, changes });

/** What is on the page after so many steps. */
function seen(steps: Step[], marks: Mark[], count = steps.length): string[] {
  const timeline = new Timeline();
  for (const { changes } of mergeMarks(steps, marks).slice(0, count + 1)) timeline.apply(changes);
  return timeline.fragments().map(({ id }) => id);
}

function call(): Step[] {
  return [
    step(item("user", null), pending("user")),
    step(item("call", "user"), pending("call")),
    step(item("call", "user"), pending("call")),
    step(item("answer", "call"), item("t:pending", null, null)),
  ];
}

test("a mark stands after the items seen before it", () => {
  const [steps, marks] = [call(), [mark("m", 2)]];
  expect(seen(steps, marks, 1)).toEqual(["user", "t:pending"]);
  expect(seen(steps, marks, 2)).toEqual(["user", "call", "mark:m", "t:pending"]);
  expect(seen(steps, marks)).toEqual(["user", "call", "mark:m", "answer"]);
});

test("marks at one place keep their order", () => {
  const marks = [mark("a", 0), mark("b", 0), mark("c", 4), mark("d", 4)];
  const wanted = ["mark:a", "mark:b", "user", "call", "answer", "mark:c", "mark:d"];
  expect(seen(call(), marks)).toEqual(wanted);
  expect(seen(call(), marks, 0)).toEqual(["mark:a", "mark:b"]);
});

test("a mark in a draft stays after its answer", () => {
  const draft = item("t:pending", "user", '<div class="dari-answer">Both');
  const grown = { id: "answer", base: rev, rev: ++rev, edits: [] };
  const late = [item("call", "answer"), item("last", "call")];
  const steps = [step(item("user", null)), step(draft), step(grown), step(...late)];
  expect(seen(steps, [mark("m", 2)])).toEqual(["user", "answer", "mark:m", "call", "last"]);
});

test("an item that is replaced stays before the mark", () => {
  const steps = [
    step(item("a", null), item("b", "a")),
    step(item("b", "a"), item("c", "b")),
    step(item("a", null), item("b", "a"), item("c", "b")),
  ];
  expect(seen(steps, [mark("m", 1)])).toEqual(["a", "b", "mark:m", "c"]);
});

test("an open question isn't shown, and an answer is text", () => {
  const open = mark("m", 1, { answer: null });
  expect(seen(call(), [open])).not.toContain("mark:m");
  const asks = { ask: "<b>?", html: "<p>&lt;b&gt;?</p>" };
  const [, first] = mergeMarks(call(), [mark("m", 1, { ...asks, answer: "<img src=x> **x**" })]);
  const told = first?.changes.at(-1) as { html: string };
  expect(told.html).toContain('<p>&lt;b&gt;?<span class="c"> · ');
  expect(told.html).toContain("you expected: &lt;img src=x&gt; **x**<");
});

test("a skipped question and a plain mark differ", () => {
  const html = (told: Partial<Mark>) =>
    mergeMarks(call(), [mark("m", 1, told)])[1]?.changes.at(-1) as { html: string };
  expect(html({ answer: "" }).html).toContain(" · skipped");
  const plain = { ask: null, html: "<p>It stops.</p>", answer: null };
  expect(html(plain).html).toBe(
    '<div class="dari-passed" data-state="said"><p>It stops.</p></div>',
  );
});

test("an answer stands below code, or in the line of the question", () => {
  const ends = (html: string) =>
    passed(mark("m", 1, { html, answer: "12" })).lastElementChild?.textContent;
  expect(ends("<p>And now?</p><pre>f(3)</pre>")).toBe("you expected: 12");
  expect(ends("<pre>f(3)</pre><p>And now?</p>")).toBe("And now? · you expected: 12");
});

test("the text of a question has formulas as they were written", () => {
  const math = '<math><mi>E</mi><annotation encoding="application/x-tex">E^2</annotation></math>';
  const html = `<p><strong>What</strong> does <code>f</code> give for ${math}?</p>`;
  expect(plainText(mark("m", 1, { html }))).toBe("What does f give for E^2?");
});
