import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keepKeys } from "../../src/host/border";

const SPARED = "data-lm-suppress-shortcuts";

let closing: AbortController;
let view: HTMLElement;
/** What a notebook around the view hears on its way down to the target and on its way up. */
let down: string[];
let up: string[];

beforeEach(() => {
  closing = new AbortController();
  document.body.innerHTML = `<div class="cell"><div class="view"><button>Go</button>
    <textarea></textarea></div><div class="view"><a href="#">x</a></div></div>`;
  const views = document.querySelectorAll<HTMLElement>(".view");
  view = views[0] as HTMLElement;
  for (const one of views) keepKeys(one, closing.signal);
  [down, up] = [[], []];
  const hear = (heard: string[]) => (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (!target.hasAttribute(SPARED)) heard.push(`${event.key} at ${target.localName}`);
  };
  document.addEventListener("keydown", hear(down), { capture: true, signal: closing.signal });
  document.addEventListener("keydown", hear(up), { signal: closing.signal });
});

afterEach(() => closing.abort());

function press(place: string, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const options = { key, bubbles: true, composed: true, cancelable: true, ...more };
  const event = new KeyboardEvent("keydown", options);
  (document.querySelector(place) as HTMLElement).dispatchEvent(event);
  return event;
}

describe("the border of a view", () => {
  test.each(["button", "textarea", "a", ".view"])(
    "keeps plain keys at %s from the notebook",
    (place) => {
      for (const key of ["x", "d", "d", "Escape", "ArrowUp"]) press(place, key);
      press(place, "M", { shiftKey: true });
      expect([down, up]).toEqual([[], []]);
    },
  );

  test("passes chords on beside the notebook", () => {
    document.body.addEventListener("keydown", (event) => event.preventDefault(), { once: true });
    expect(press("textarea", "s", { ctrlKey: true }).defaultPrevented).toBe(true);
    expect(press("button", "s", { metaKey: true }).defaultPrevented).toBe(false);
    expect(down).toEqual(["s at body", "s at body"]);
    expect(up).toEqual(["s at body", "s at body"]);
  });

  test("keeps a chord that the view handles", () => {
    view.firstElementChild?.addEventListener("keydown", (event) => event.preventDefault());
    press("button", "End", { ctrlKey: true });
    expect([down, up]).toEqual([[], []]);
  });

  test.each([{ shiftKey: true }, { ctrlKey: true }, { metaKey: true }, { altKey: true }])(
    "keeps Enter with %o from running the cell",
    (more) => {
      for (const place of ["button", "a", ".view"]) {
        expect(press(place, "Enter", more).defaultPrevented).toBe(true);
      }
      expect([down, up]).toEqual([[], []]);
      press(".cell", "Enter", more);
      expect([down, up]).toEqual([["Enter at div"], ["Enter at div"]]);
    },
  );

  test("lets Shift+Enter begin a line in a text", () => {
    expect(press("textarea", "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    press("textarea", "Enter", { altKey: true });
    expect([...down, ...up].filter((heard) => !heard.endsWith("body"))).toEqual([]);
  });

  test("takes characters typed with Alt or AltGr as text", () => {
    press("textarea", "@", { altKey: true });
    press("textarea", "@", { ctrlKey: true, altKey: true, modifierAltGraph: true });
    expect([down, up]).toEqual([[], []]);
  });

  test("ends with its view", () => {
    press("button", "x");
    closing.abort();
    expect(view.querySelector("button")?.hasAttribute(SPARED)).toBe(false);
  });
});
