// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import type { Port } from "../../src/host/port";
import { Answering } from "../../src/player/answering";
import { Playback } from "../../src/player/playback";
import { Story } from "../../src/player/story";
import type { State } from "../../src/player/wire";

/** What a kernel knows of a player, and what is on its way to and from its pages. */
class Kernel {
  readonly pages: Page[] = [];
  state: Partial<State> = { drafts: {}, upon: {} };
  readonly #onTheWay: [Page, Partial<State>][] = [];

  take(from: Page, changes: Partial<State>): void {
    this.#onTheWay.push([from, changes]);
  }

  /** Hears what the pages have said, in an order, and tells the others at once. */
  hear(...order: Page[]): void {
    for (const page of order) {
      const next = this.#onTheWay.findIndex(([from]) => from === page);
      for (const [, changes] of this.#onTheWay.splice(next, 1)) {
        Object.assign(this.state, changes);
        for (const other of this.pages) if (other !== page) other.hears(changes);
      }
    }
  }
}

let tests = 0;

/** A page of a notebook that shows the player. */
class Page implements Port<State> {
  readonly #kernel: Kernel;
  readonly #state: State;
  readonly #listeners: (() => void)[] = [];
  readonly answering: Answering;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const scope = `page ${tests++}`;
    const known = { at: 0, playing: false, speed: 1, idle_limit: null, height: 0, scope };
    this.#state = { ...known, ...structuredClone(kernel.state) } as State;
    kernel.pages.push(this);
    const { signal } = new AbortController();
    const story = new Story(this, () => undefined);
    this.answering = new Answering(this, story, new Playback(this, story, signal), signal);
  }

  get<Name extends keyof State & string>(name: Name): State[Name] {
    return this.#state[name];
  }

  set(changes: Partial<State>): void {
    Object.assign(this.#state, changes);
    if ("drafts" in changes) this.#kernel.take(this, structuredClone(changes));
  }

  watch(names: readonly (keyof State & string)[], listener: () => void): void {
    if (names.includes("drafts")) this.#listeners.push(listener);
  }

  hears(changes: Partial<State>): void {
    Object.assign(this.#state, structuredClone(changes));
    for (const listener of this.#listeners) listener();
  }

  /** Writes a text at the question, and leaves it. */
  writes(text: string): void {
    this.answering.write("m", text);
    this.answering.keep();
  }

  get shows(): string {
    return this.answering.text("m");
  }

  send(): void {}
  receive(): void {}
  ask = () => new Promise<never>(() => undefined);
}

let kernel: Kernel;
let one: Page;
let two: Page;

beforeEach(() => {
  kernel = new Kernel();
  [one, two] = [new Page(kernel), new Page(kernel)];
});

describe("a draft in two pages", () => {
  test("goes on in either of them", () => {
    one.writes("alpha");
    kernel.hear(one);
    expect(two.shows).toBe("alpha");
    two.writes("alpha, beta");
    two.writes("alpha, beta, gamma");
    kernel.hear(two, two);
    expect(one.shows).toBe("alpha, beta, gamma");
    one.writes("");
    kernel.hear(one);
    expect([one.shows, two.shows, kernel.state.drafts]).toEqual(["", "", { m: "" }]);
  });

  test.each([
    [[0, 1], "short"],
    [[1, 0], "a long thought"],
  ])("is lost in neither where both write at a time, heard in order %j", (order, last) => {
    one.writes("a long thought");
    two.writes("short");
    kernel.hear(...order.map((place) => kernel.pages[place] as Page));
    expect([one.shows, two.shows]).toEqual(["a long thought", "short"]);
    expect(kernel.state.drafts).toEqual({ m: last });
  });

  test("takes nothing from another page that left its own meanwhile", () => {
    two.answering.write("m", "sh");
    one.writes("a long thought");
    kernel.hear(one);
    two.writes("short");
    expect([one.shows, two.shows]).toEqual(["a long thought", "short"]);
    expect(kernel.state.drafts).toEqual({ m: "a long thought" });
    expect(new Page(kernel).shows).toBe("a long thought");
  });
});
