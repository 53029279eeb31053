// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Port, Reply } from "../../src/host/port";
import type { Answering } from "../../src/player/answering";
import type { Chapter, Draft, Mark, State } from "../../src/player/wire";

const MARK = { id: "m", answer: null } as Mark;
const NAME = "dari.unsent";

/** What a kernel knows of a player, which it tells all pages. */
class Kernel {
  readonly pages: Page[] = [];
  drafts: State["drafts"] = {};

  keep({ id, page, text }: Draft): void {
    const told = Object.entries({ ...this.drafts[id], [page]: text });
    const kept = told.filter(([of, words]) => words && (of === page || words !== text));
    this.drafts = { ...this.drafts, [id]: Object.fromEntries(kept) };
    for (const each of this.pages) each.hears();
  }

  get texts(): string[] {
    return Object.values(this.drafts.m ?? {});
  }
}

let tests = 0;

/** A page of a notebook that shows the player, with a script of its own. */
class Page implements Port<State> {
  readonly kernel: Kernel;
  readonly #scope: string;
  readonly #listeners: (() => void)[] = [];
  #answering?: Answering;
  #stored: string | null;
  /** What the page has in its memory. */
  #memory: unknown;
  answer: string | null = null;
  /** Until when the kernel answers nothing. */
  busy = Promise.resolve();

  private constructor(kernel: Kernel, scope: string, stored: string | null) {
    [this.kernel, this.#scope, this.#stored] = [kernel, scope, stored];
    kernel.pages.push(this);
  }

  /**
   * @param stored What the tab has kept, where it had the page before.
   * @param memory What the page has already, where another player is in it.
   */
  static async open(
    kernel: Kernel,
    scope: string,
    stored: string | null = null,
    memory?: unknown,
  ): Promise<Page> {
    const page = new Page(kernel, scope, stored);
    page.#memory = memory;
    await page.#within(async () => {
      vi.resetModules();
      const [{ Answering }, { Playback }, { Story }] = await Promise.all([
        import("../../src/player/answering"),
        import("../../src/player/playback"),
        import("../../src/player/story"),
      ]);
      const { signal } = new AbortController();
      const story = new Story(page, () => undefined, signal);
      story.chapters = [{ marks: [MARK] } as Chapter];
      page.#answering = new Answering(page, story, new Playback(page, story, signal), signal);
    });
    return page;
  }

  /** Does something with what is this page's alone, though all pages of a test share a window. */
  async #within<Result>(does: () => Promise<Result> | Result): Promise<Result> {
    const symbol = Symbol.for(NAME);
    if (this.#stored === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, this.#stored);
    Object.assign(globalThis, { [symbol]: this.#memory });
    const result = await does();
    this.#memory = (globalThis as Record<symbol, unknown>)[symbol];
    this.#stored = sessionStorage.getItem(NAME);
    return result;
  }

  get answering(): Answering {
    return this.#answering as Answering;
  }

  get<Name extends keyof State & string>(name: Name): State[Name] {
    const known = { at: 0, playing: false, speed: 1, idle_limit: null, height: 0, replies: 0 };
    return { ...known, scope: this.#scope, drafts: this.kernel.drafts }[name] as State[Name];
  }

  set(): void {}

  watch(names: readonly (keyof State & string)[], listener: () => void): void {
    if (names.includes("drafts")) this.#listeners.push(listener);
  }

  hears(): void {
    for (const listener of this.#listeners) listener();
  }

  async ask<Body>(what: string, body?: unknown): Promise<Reply<Body>> {
    if (what === "draft") this.kernel.keep(body as Draft);
    else await this.busy;
    const taken = [{ marks: [{ id: "m", answer: this.answer }] }];
    const bytes = new TextEncoder().encode(JSON.stringify(taken));
    return { body: {} as Body, buffers: [new DataView(bytes.buffer)] };
  }

  /** Writes a text at the question, and leaves it. */
  async writes(text: string, isLeft = true): Promise<void> {
    await this.#within(() => {
      this.answering.write("m", text);
      if (isLeft) this.answering.keep();
    });
  }

  async takes(text: string): Promise<void> {
    await this.#within(() => this.answering.take("m", text));
  }

  async sends(): Promise<void> {
    this.answer = this.shows;
    await this.#within(() => this.answering.send(MARK, this.shows, true));
  }

  async closes(): Promise<void> {
    await this.#within(() => {
      window.dispatchEvent(new Event("pagehide"));
    });
    this.kernel.pages.splice(this.kernel.pages.indexOf(this), 1);
  }

  /** Is loaded anew in its tab. */
  async reloads(kernel = this.kernel): Promise<Page> {
    await this.closes();
    const anew = await Page.open(kernel, this.#scope, this.#stored);
    await anew.#within(() => anew.answering.keep());
    return anew;
  }

  /** Is opened a second time, as browsers do who take along what the tab has kept. */
  async doubles(): Promise<Page> {
    return Page.open(this.kernel, this.#scope, this.#stored);
  }

  /** Another player of the same in the same page. */
  async withAnother(kernel: Kernel): Promise<Page> {
    return Page.open(kernel, this.#scope, this.#stored, this.#memory);
  }

  get shows(): string {
    return this.answering.text("m");
  }

  get beside(): string[] {
    return this.answering.beside("m").map(({ text }) => text);
  }

  send(): void {}
  receive(): void {}
}

let kernel: Kernel;
let one: Page;
let two: Page;

beforeEach(async () => {
  kernel = new Kernel();
  const scope = `test ${tests++}`;
  [one, two] = [await Page.open(kernel, scope), await Page.open(kernel, scope)];
});

describe("what is written at a question", () => {
  test("is its page's own, and stands beside what others write", async () => {
    await one.writes("a long thought");
    expect([two.shows, two.beside]).toEqual(["", ["a long thought"]]);
    await two.writes("short");
    expect([one.shows, one.beside]).toEqual(["a long thought", ["short"]]);
    expect([two.shows, two.beside]).toEqual(["short", ["a long thought"]]);
    expect(kernel.texts).toEqual(["a long thought", "short"]);
  });

  test("stands beside no more once it is taken over, or away", async () => {
    await one.writes("a");
    await two.writes("alpha");
    expect(two.beside).toEqual(["a"]);
    await two.takes("a");
    expect([two.shows, two.beside]).toEqual(["alpha\na", []]);
    await two.writes("alpha, or a");
    two = await two.reloads();
    expect([two.shows, two.beside]).toEqual(["alpha, or a", []]);
    // With nothing left it can be taken again.
    await two.writes(" ");
    expect(two.beside).toEqual(["a"]);
    await two.takes("a");
    await one.writes("a and b");
    expect([two.shows, two.beside]).toEqual(["a", ["a and b"]]);
    await one.writes(" \n");
    expect(two.beside).toEqual([]);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])("is there when the pages are loaded anew, in order %i, %i", async (first, second) => {
    const pages = [one, two];
    await one.writes("written in one", false);
    await two.writes("written in two", false);
    for (const place of [first, second, first]) {
      pages[place] = await (pages[place] as Page).reloads();
      expect(pages.map(({ shows }) => shows)).toEqual(["written in one", "written in two"]);
    }
    expect(kernel.texts.sort()).toEqual(["written in one", "written in two"]);
    await pages[first]?.writes("more");
    expect(pages[second]?.beside).toEqual(["more"]);
  });

  test("stays beside as its page is closed, and a page that is new has none of its own", async () => {
    await one.writes("written in one", false);
    await one.closes();
    expect([two.shows, two.beside]).toEqual(["", ["written in one"]]);
    const late = await Page.open(kernel, two.get("scope"));
    expect([late.shows, late.beside]).toEqual(["", ["written in one"]]);
  });

  test("is that of each of two pages that were one", async () => {
    await one.writes("alpha");
    const copy = await one.doubles();
    expect([copy.shows, copy.beside]).toEqual(["alpha", []]);
    await copy.writes("alpha, beta");
    await one.writes("alpha, gamma");
    expect([one.shows, one.beside]).toEqual(["alpha, gamma", ["alpha, beta"]]);
    expect([copy.shows, copy.beside]).toEqual(["alpha, beta", ["alpha, gamma"]]);
  });

  test("is told by one of two pages that have the same when the other one drops it", async () => {
    await one.writes("alpha");
    const copy = await one.doubles();
    await copy.writes("alpha");
    expect(kernel.texts).toEqual(["alpha"]);
    await copy.writes("");
    await one.closes();
    expect([copy.beside, kernel.texts]).toEqual([["alpha"], ["alpha"]]);
  });

  test("leaves nothing behind where its page is loaded anew, elsewhere and back", async () => {
    await one.writes("alpha");
    const elsewhere = new Kernel();
    one = await one.reloads(elsewhere);
    one = await one.reloads(kernel);
    await one.writes("alpha, beta");
    expect([kernel.texts, one.beside]).toEqual([["alpha, beta"], []]);
  });

  test("goes on with another kernel", async () => {
    await one.writes("alpha");
    const anew = new Kernel();
    one = await one.reloads(anew);
    two = await two.reloads(anew);
    expect([one.shows, two.shows, two.beside]).toEqual(["alpha", "", ["alpha"]]);
  });

  test("is one for two players of a page, and done with in both once it is sent", async () => {
    await one.writes("alpha");
    const another = new Kernel();
    const beside = await one.withAnother(another);
    await beside.writes("alpha, beta");
    expect([beside.shows, another.texts]).toEqual(["alpha, beta", ["alpha, beta"]]);
    await beside.sends();
    expect([beside.shows, another.texts]).toEqual(["", []]);
  });

  test("goes on in one player of a page while another one sends what stood there", async () => {
    await one.writes("alpha");
    const beside = await one.withAnother(new Kernel());
    let hears = () => {};
    one.busy = new Promise((done) => {
      hears = done;
    });
    const sent = one.sends();
    await beside.writes("alpha, and more", false);
    hears();
    await sent;
    expect([one.shows, beside.shows]).toEqual(["alpha, and more", "alpha, and more"]);
  });

  test("is left to others where two pages have the same, and one of these goes", async () => {
    await one.writes("alpha");
    const copy = await one.doubles();
    await copy.writes("alpha");
    // What the copy tells now is on its way still as the other page goes.
    const late: Draft[] = [];
    const keep = kernel.keep.bind(kernel);
    kernel.keep = (draft) => late.push(draft);
    await copy.writes("beta");
    await one.closes();
    late.map(keep);
    expect(kernel.texts.sort()).toEqual(["alpha", "beta"]);
  });

  test("stays in other pages, and for them, when it is sent from one", async () => {
    await one.writes("alpha");
    await two.writes("beta");
    await one.sends();
    expect([one.shows, one.beside]).toEqual(["", ["beta"]]);
    expect([two.shows, two.beside, kernel.texts]).toEqual(["beta", [], ["beta"]]);
  });
});
