// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import type { Port } from "../../src/host/port";
import { Answering } from "../../src/player/answering";
import { Playback } from "../../src/player/playback";
import { Story } from "../../src/player/story";
import type { Chapter, Mark, State } from "../../src/player/wire";

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
      if (next < 0) continue;
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

  /** @param scope Whose drafts it shows: two tabs know nothing of each other, and so have two. */
  constructor(kernel: Kernel, scope = `page ${tests++}`) {
    this.#kernel = kernel;
    const known = { at: 0, playing: false, speed: 1, idle_limit: null, height: 0, scope };
    this.#state = { ...known, ...structuredClone(kernel.state) } as State;
    kernel.pages.push(this);
    const { signal } = new AbortController();
    const story = new Story(this, () => undefined, new AbortController().signal);
    story.chapters = [{ marks: [{ id: "m", answer: null }] } as Chapter];
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

  /** Is loaded anew in its tab, while a kernel hears what it says. */
  reloads(kernel = this.#kernel): Page {
    this.closes();
    return new Page(kernel, this.get("scope"));
  }

  closes(): void {
    this.answering.keep();
    this.#kernel.pages.splice(this.#kernel.pages.indexOf(this), 1);
    this.#kernel.hear(this);
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

  test.each([
    [0, 1],
    [1, 0],
  ])("stays that of its page, whichever is loaded anew first: %i, %i", (first, second) => {
    const pages = [one, two];
    one.answering.write("m", "written in one");
    two.answering.write("m", "written in two");
    for (const place of [first, second, first]) {
      pages[place] = (pages[place] as Page).reloads();
      expect(pages.map(({ shows }) => shows)).toEqual(["written in one", "written in two"]);
    }
    pages[second]?.writes("more");
    expect(pages[second]?.reloads().shows).toBe("more");
    expect(kernel.state.drafts).toEqual({ m: first ? "written in two" : "written in one" });
  });

  test("stays that of its page as the other one is closed", () => {
    one.answering.write("m", "written in one");
    two.answering.write("m", "written in two");
    two.closes();
    one = one.reloads();
    expect(one.shows).toBe("written in one");
    expect(new Page(kernel).shows).toBe("written in two");
  });

  test("is the newest where the other page went on from what this one has told", () => {
    one.writes("alpha");
    kernel.hear(one);
    two.writes("alpha, beta");
    kernel.hear(two);
    one = one.reloads();
    expect(one.shows).toBe("alpha, beta");
    two.writes("alpha, beta, gamma");
    two.closes();
    expect(one.reloads().shows).toBe("alpha, beta, gamma");
  });

  test("does not come back where a page has emptied it", () => {
    one.writes("alpha");
    kernel.hear(one);
    one.answering.write("m", "");
    expect(one.shows).toBe("");
    one = one.reloads();
    expect([one.shows, two.shows, kernel.state.drafts]).toEqual(["", "", { m: "" }]);
  });

  test("goes on with another kernel, whoever wrote it", () => {
    one.writes("alpha");
    kernel.hear(one);
    const anew = new Kernel();
    [one, two] = [one.reloads(anew), two.reloads(anew)];
    expect([one.shows, two.shows]).toEqual(["alpha", "alpha"]);
    one.answering.keep();
    anew.hear(one);
    expect(anew.state.drafts).toEqual({ m: "alpha" });
    two.writes("alpha, beta");
    anew.hear(two);
    expect([one.shows, anew.state.drafts]).toEqual(["alpha, beta", { m: "alpha, beta" }]);
  });

  test("is one for two players of a page that play the same", () => {
    const beside = new Page(new Kernel(), one.get("scope"));
    one.writes("alpha");
    expect(beside.shows).toBe("alpha");
    beside.writes("alpha, beta");
    expect(one.shows).toBe("alpha, beta");
    expect(one.reloads().shows).toBe("alpha, beta");
  });

  test("is sent once, whichever kernel has it", async () => {
    const beside = new Page(new Kernel(), one.get("scope"));
    beside.writes("alpha");
    const taken = [{ marks: [{ id: "m", answer: "alpha" }] }];
    const told = new DataView(new TextEncoder().encode(JSON.stringify(taken)).buffer);
    one.ask = () => Promise.resolve({ body: {}, buffers: [told] }) as never;
    await one.answering.send({ id: "m", answer: null } as Mark, one.shows);
    expect([one.shows, beside.shows]).toEqual(["", ""]);
  });
});
