import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PagePort } from "../../src/player/page_port";
import { Playback } from "../../src/player/playback";
import { Story } from "../../src/player/story";
import type { Chapter, Mark, State, Step } from "../../src/player/wire";
import { eventually } from "../view";

const step = (at: number, id: string): Step => ({
  at,
  changes: [{ id, turn: "t", after: null, html: `<p>${id}</p>`, since: null, rev: 1 }],
});
const draft: Step = { at: 2, changes: [{ id: null, base: 1, rev: 2, edits: [] }] };
const asks = (steps: number): Mark => ({
  id: `ask-${steps}`,
  steps,
  at: Math.max(0, steps - 1),
  text: "It stops.",
  ask: "Why?",
  html: "<p>Why?</p>",
  answer: null,
});

function chapter(begins: number, steps: number, marks: Mark[] = []): Chapter {
  const [agent, llm, spent] = ["tour", "", ""];
  const about = { label: "", agent, llm, part: "", spent, items: [], errors: [] };
  return { begins, seconds: steps - 1, steps, marks, ...about };
}

/** Two turns of four seconds: what is asked, a call, a draft, an answer; then a second. */
function recorded(marks: Mark[] = []) {
  return {
    whole: { seconds: 8, turns: 2, left_out: "", nothing: "", answered: "" },
    chapters: [chapter(0, 4, marks), { ...chapter(4, 4), seconds: 4 }],
    questions: {},
    steps: async (number: number) => [
      step(0, "a"),
      step(1, "b"),
      draft,
      step(number === 0 ? 3 : 4, "c"),
    ],
  };
}

let frames: ((now: number) => void)[];
let now: number;
let story: Story;
let playback: Playback;
let port: PagePort;

/** Time passes, in frames of a hundredth of a second. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds * 100; left > 0; left--) {
    now += 10;
    for (const frame of frames.splice(0)) frame(now);
    if (left % 10 < 1) for (let turn = 0; turn < 6; turn++) await Promise.resolve();
  }
}

async function begin(marks: Mark[] = [], state: Partial<State> = {}): Promise<void> {
  const given = {
    at: 0,
    playing: false,
    speed: 1,
    idle_limit: null,
    height: 0,
    drafts: {},
    replies: 0,
    scope: "",
    ...state,
  };
  port = new PagePort(recorded(marks), given);
  story = new Story(port, () => playback.renew(), new AbortController().signal);
  playback = new Playback(port, story, new AbortController().signal);
  await story.begin();
  await playback.seek(0);
}

beforeEach(() => {
  [frames, now] = [[], 0];
  vi.stubGlobal("requestAnimationFrame", (frame: (now: number) => void) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => {
    frames = [];
  });
});
afterEach(() => void vi.unstubAllGlobals());

describe("a playback", () => {
  test("reaches each step at its time, and stops at the end", async () => {
    await begin();
    expect(playback.place).toEqual({ chapter: 0, steps: 1 });
    playback.play();
    await pass(0.9);
    expect(playback.place.steps).toBe(1);
    await pass(0.3);
    expect(playback.place.steps).toBe(2);
    await pass(2);
    expect(playback.place).toEqual({ chapter: 0, steps: 4 });
    await pass(1);
    expect(playback.place).toEqual({ chapter: 1, steps: 1 });
    await pass(6);
    expect(playback.place).toEqual({ chapter: 1, steps: 4 });
    expect([playback.isPlaying, playback.seconds, port.get("playing")]).toEqual([false, 8, false]);
    playback.play();
    expect(playback.place).toEqual({ chapter: 0, steps: 1 });
  });

  test("hides steps of a chapter that may not be seen", async () => {
    const mark = asks(2);
    await begin([mark]);
    await story.reply({ id: mark.id, text: "No.", page: "" });
    expect((await story.steps(1)).length).toBe(4);
    const [chapter] = story.chapters;
    story.chapters = chapter ? [chapter] : [];
    expect(story.stepsHere(1)).toBe(undefined);
  });

  test("doesn't go past a question", async () => {
    await begin([asks(2)]);
    playback.play();
    await pass(5);
    expect([playback.place, playback.isPlaying]).toEqual([{ chapter: 0, steps: 2 }, false]);
    expect(playback.question?.ask).toBe("Why?");
    playback.play();
    expect(playback.isPlaying).toBe(false);
    for (const way of [
      () => playback.seek(7),
      () => playback.step(1),
      () => playback.jump(1),
      () => playback.goTo(story.end),
    ]) {
      await way();
      expect(playback.place).toEqual({ chapter: 0, steps: 2 });
    }
    expect((await story.steps(0)).length).toBe(2);
    expect(story.chapters.length).toBe(1);
  });

  test("stops when the reader goes to a question or the end", async () => {
    await begin([asks(2)]);
    playback.play();
    await playback.goTo(story.end);
    expect([playback.isPlaying, playback.question?.ask]).toEqual([false, "Why?"]);
    await story.reply({ id: (playback.question as Mark).id, text: "It waits.", page: "" });
    playback.play();
    await playback.seek(8);
    expect([playback.isPlaying, port.get("playing")]).toEqual([false, false]);
    await playback.seek(0);
    playback.play();
    await playback.seek(5);
    expect(playback.isPlaying).toBe(true);
  });

  test("shows nothing before a question that comes first", async () => {
    await begin([asks(0)]);
    expect(playback.place.steps).toBe(0);
    expect(playback.question?.id).toBe("ask-0");
  });

  test("steps over drafts from item to item, both ways", async () => {
    await begin();
    const places = [];
    for (let n = 0; n < 4; n++) {
      await playback.step(1);
      places.push([playback.place.chapter, playback.place.steps]);
    }
    expect(places).toEqual([
      [0, 2],
      [0, 4],
      [1, 1],
      [1, 2],
    ]);
    await playback.step(-1);
    await playback.step(-1);
    expect(playback.place).toEqual({ chapter: 0, steps: 4 });
    for (let n = 0; n < 9; n++) await playback.step(-1);
    expect(playback.place).toEqual({ chapter: 0, steps: 1 });
    await playback.jump(-1);
    expect(playback.place).toEqual({ chapter: 0, steps: 1 });
  });

  test("shows whole texts with reduced motion", async () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true }));
    await begin();
    playback.play();
    await pass(2.5);
    expect(playback.place.steps).toBe(2);
    await pass(1);
    expect(playback.place.steps).toBe(4);
  });

  test("jumps to turns and marks", async () => {
    await begin([{ ...asks(3), ask: null }]);
    const places = [];
    for (let n = 0; n < 3; n++) {
      await playback.jump(1);
      places.push([playback.place.chapter, playback.place.steps]);
    }
    expect(places).toEqual([
      [0, 3],
      [1, 1],
      [1, 4],
    ]);
    await playback.jump(-1);
    expect(playback.place).toEqual({ chapter: 1, steps: 1 });
  });

  test("follows the kernel, and tells where it is", async () => {
    await begin();
    port.set({ at: 5.5 });
    await eventually(() => expect(playback.place).toEqual({ chapter: 1, steps: 2 }));
    port.set({ playing: true });
    await eventually(() => expect(playback.isPlaying).toBe(true));
    await pass(0.2);
    playback.pause();
    expect(port.get("at")).toBeCloseTo(5.7, 1);
  });

  test("seeks while the beginning is read", async () => {
    await begin([asks(4)], { at: 2.5 });
    story = new Story(port, () => playback.renew(), new AbortController().signal);
    playback = new Playback(port, story, new AbortController().signal);
    await story.begin();
    await Promise.all([playback.begin(), playback.seek(1)]);
    expect(playback.place).toEqual({ chapter: 0, steps: 2 });
  });

  test("says what can't be read, and asks again", async () => {
    await begin();
    const ask = vi.spyOn(port, "ask").mockRejectedValueOnce(new Error("The tape is gone."));
    await playback.seek(5);
    expect([playback.note, playback.place.chapter]).toEqual(["The tape is gone.", 0]);
    await playback.seek(5);
    expect([playback.note, playback.place.chapter]).toEqual(["", 1]);
    expect(ask).toHaveBeenCalledTimes(2);
  });
});
