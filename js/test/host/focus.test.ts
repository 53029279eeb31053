import { afterEach, beforeEach, expect, test } from "vitest";
import { holdFocus } from "../../src/host/focus";

let closing: AbortController;
let view: HTMLElement;

beforeEach(() => {
  closing = new AbortController();
  document.body.innerHTML = `<div id="view" tabindex="-1"><div id="list" tabindex="0">
    <div id="row" tabindex="-1"><p><button id="go">Go</button></p></div></div></div><p>beside</p>`;
  view = find("view");
  holdFocus(view, closing.signal);
  find("go").focus();
});

afterEach(() => closing.abort());

const find = (id: string) => document.getElementById(id) as HTMLElement;
const has = () => document.activeElement?.id;
const drawn = () => new Promise<void>((resolve) => setTimeout(resolve));

test("the element around gets the focus of a part that is replaced", async () => {
  find("go").parentElement?.replaceWith(document.createElement("p"));
  await drawn();
  expect(has()).toBe("row");
  find("row").remove();
  await drawn();
  expect(has()).toBe("list");
  view.replaceChildren();
  await drawn();
  expect(has()).toBe("view");
});

test.each(["disabled", "inert"])(
  "an element that is %s gives the focus to the one around",
  async (state) => {
    find("go").setAttribute(state, "");
    find("go").blur();
    await drawn();
    expect(has()).toBe("row");
  },
);

test("a reader who left a view isn't brought back", async () => {
  find("go").blur();
  await drawn();
  expect(document.activeElement).toBe(document.body);
  find("row").remove();
  await drawn();
  expect(document.activeElement).toBe(document.body);
});

test("an element that got the focus meanwhile keeps it", async () => {
  find("go").remove();
  find("list").focus();
  await drawn();
  expect(has()).toBe("list");
});

test("a view that was removed holds no focus", async () => {
  view.remove();
  await drawn();
  expect(document.activeElement).toBe(document.body);
});
