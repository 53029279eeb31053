import { vi } from "vitest";
import { player } from "../../src/player/component";
import type { Chapter, Mark, Outline, Reply, State, Step } from "../../src/player/wire";
import { Buffers, FakePort } from "../port";
import { eventually, find, show } from "../view";

const NOTHING: Outline = { seconds: 0, turns: 0, left_out: "", nothing: "", answered: "" };
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
let tapes = 0;

/** A step in which an item comes. */
export function step(at: number, id: string, after: string | null = null): Step {
  const item = { id, turn: "t", after, html: `<p>${id}</p>`, since: null, rev: 1 };
  return { at, changes: [item] };
}

/** A question after so many steps. */
export function asks(steps: number, change: Partial<Mark> = {}): Mark {
  const about = { id: `ask-${steps}`, steps, at: (steps - 1) * 10, text: "It stops." };
  return { ...about, ask: "Why?", html: "<p>Why?</p>", answer: null, ...change };
}

/** A mark that asks nothing. */
export function says(steps: number): Mark {
  return asks(steps, { id: `say-${steps}`, ask: null, html: "<p>It looks.</p>" });
}

/** A turn that has an item every ten seconds, three in all. */
function chapter(begins: number, marks: Mark[]): Chapter {
  const about = { label: "", agent: "tour", llm: "small", part: "", items: [], errors: [] };
  return { ...about, begins, seconds: 20, steps: 3, spent: "$0.01", marks };
}

/** A kernel with a tape of two turns, which take 60 seconds. */
export class TapePort extends FakePort<State> {
  readonly chapters: Chapter[];
  whole: Outline = { ...NOTHING, seconds: 60, turns: 2 };

  /** @param marks The marks of the first turn. */
  constructor(marks: Mark[] = [], changes: Partial<State> = {}) {
    super({ ...STATE, scope: `tape ${tapes++}`, ...changes });
    this.chapters = [chapter(0, marks), chapter(40, [])];
    this.answer = (what, body) => this.tells(what, body);
  }

  /** Answers as a kernel does, which shows nothing behind a question that is open. */
  tells(what: string, body: never): unknown {
    const [first, second] = this.chapters as [Chapter, Chapter];
    if (what === "reply") {
      const { id, text }: Reply = body;
      for (const mark of first.marks) if (mark.id === id) mark.answer = text;
    }
    const open = first.marks.find(({ ask, answer }) => ask !== null && answer === null);
    if (what === "turn") {
      const { number } = body as { number: number };
      const [one, two, three] = ["asked", "called", "said"].map((word) => `${word} ${number + 1}`);
      const items = [
        step(0, one as string),
        step(10, two as string, one),
        step(20, three as string, two),
      ];
      return new Buffers(null, open ? items.slice(0, open.steps) : items);
    }
    if (what === "draft") return null;
    const { steps = 0, at = 0 } = open ?? {};
    const marks = first.marks.slice(0, first.marks.indexOf(open as Mark) + 1);
    return new Buffers(
      this.whole,
      open ? [{ ...first, steps, seconds: at, spent: "", marks }] : [first, second],
    );
  }
}

let frames: ((now: number) => void)[] = [];
let now = 0;

/** Lets so many seconds pass, in frames of a tenth of one. */
export async function pass(seconds: number): Promise<void> {
  for (let left = seconds * 10; left > 0; left--) {
    now += 100;
    for (const frame of frames.splice(0)) frame(now);
    for (let turn = 0; turn < 6; turn++) await Promise.resolve();
  }
}

/** Shows a player at the beginning of its tape. */
export async function shown(port = new TapePort()): Promise<TapePort> {
  [frames, now] = [[], 0];
  vi.stubGlobal("requestAnimationFrame", (frame: (now: number) => void) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => frames.splice(0));
  show(player, port);
  await eventually(() => find(".dari-scene p, form.dari-question:not([hidden])"));
  find("[role=log]").focus();
  return port;
}
