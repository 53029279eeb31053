import { beforeEach, describe, expect, test } from "vitest";
import { Follow } from "../../src/live/follow";

/** happy-dom lays nothing out: a log of given heights stands in for one. */
class FakeLog {
  readonly element = document.createElement("div");
  height = 1000;
  top = 0;

  constructor() {
    const sizes = {
      scrollHeight: { get: () => this.height },
      clientHeight: { get: () => 400 },
      scrollTop: {
        get: () => this.top,
        set: (top: number) => this.#scrollTo(top),
      },
    };
    Object.defineProperties(this.element, sizes);
  }

  /** What the reader does with the wheel. */
  scroll(top: number): void {
    this.#scrollTo(top);
    this.element.dispatchEvent(new Event("scroll"));
  }

  #scrollTo(top: number): void {
    this.top = Math.max(0, Math.min(top, this.height - 400));
  }
}

let log: FakeLog;
let content: HTMLElement;
let told: boolean[];
let follow: Follow;

const grow = (by: number) =>
  follow.around(() => {
    log.height += by;
    return false;
  });

beforeEach(() => {
  log = new FakeLog();
  content = document.createElement("div");
  log.element.append(content);
  told = [];
  const signal = new AbortController().signal;
  follow = new Follow(log.element, content, (following) => told.push(following), signal);
});

describe("following", () => {
  test("stays at the end while the log grows", () => {
    grow(300);
    expect(log.top).toBe(900);
    expect(told).toEqual([]);
  });

  test("waits for the end of a burst", () => {
    follow.around(() => {
      log.height += 300;
      return true;
    });
    expect(log.top).toBe(0);
    grow(300);
    expect(log.top).toBe(1200);
  });

  test("ends when the reader scrolls up", () => {
    grow(300);
    log.scroll(500);
    grow(300);
    expect(log.top).toBe(500);
    expect(told).toEqual([false]);
  });

  test("begins again at the end", () => {
    grow(300);
    log.scroll(500);
    log.scroll(895);
    grow(100);
    expect(log.top).toBe(1000);
    expect(told).toEqual([false, true]);
  });

  test("doesn't end when content grows before a scroll event", () => {
    grow(300);
    log.height += 200;
    log.element.dispatchEvent(new Event("scroll"));
    expect(follow.following).toBe(true);
  });

  test("ends when the reader opens something at the end", () => {
    grow(300);
    content.innerHTML = "<details><summary>call</summary></details>";
    content.querySelector("summary")?.click();
    grow(300);
    expect(log.top).toBe(900);
  });

  test("jumps to the end on request", () => {
    grow(300);
    log.scroll(0);
    follow.latest();
    expect(log.top).toBe(900);
    expect(told).toEqual([false, true]);
  });
});
