import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import openChat from "../../src/chat/index";
import openLive from "../../src/live/index";
import openMatrix from "../../src/matrix/index";
import openPlayer from "../../src/player/index";
import openReader from "../../src/reader/index";
import openSessions from "../../src/sessions/index";
import openTrajectories from "../../src/trajectories/index";
import { ChatPort } from "../chat/chats";
import { call, item } from "../fragments";
import { LivePort } from "../live/lives";
import { MatrixPort, small } from "../matrix/matrices";
import { FakeModel } from "../model";
import { asks, TapePort } from "../player/tapes";
import { FakePort } from "../port";
import { inSight, TranscriptPort } from "../reader/transcripts";
import { SessionsPort } from "../sessions/rows";
import { click, eventually, find, press } from "../view";

/** Each view with as much as it shows: how it opens, and what opens more of it. */
const VIEWS = {
  live: () => {
    const questions = [{ id: "q", name: "look", about: "", arguments: "<p>all</p>" }];
    const port = new LivePort({ questions });
    return [openLive, port, () => port.items(item("a", null), call("c", "a", "done"))];
  },
  reader: () => [openReader, new TranscriptPort(), () => press("?")],
  chat: () => {
    const open_calls = [{ id: "c", message_id: "m", name: "look", fields: [] }];
    return [openChat, new ChatPort({ open_calls }), () => click(find(".dari-composer button"))];
  },
  matrix: () => {
    const port = new MatrixPort();
    const open = () => {
      port.news(small());
      port.push({ active: "a/small/0", selection: ["a/small/0", "b/small/0"] });
    };
    return [openMatrix, port, open];
  },
  sessions: () => [openSessions, new SessionsPort(), () => click(find("tbody td:nth-child(2)"))],
  player: () => [openPlayer, new TapePort([asks(1)]), () => find(".dari-question:not([hidden])")],
  trajectories: () => {
    const call = '<button type="button" name="call" value="1:0">same</button>';
    const html = `<table><tbody><tr><th scope="row">1</th><td>${call}</td></tr></tbody></table>`;
    const port = new FakePort({ html, active: "1:0" }, () => "<p>transcript</p>");
    return [openTrajectories, port, () => undefined];
  },
} as unknown as Record<string, () => [typeof openLive, FakePort<never>, () => void]>;

const KEYS = [
  ..."xdabcvzmyrjkhloqsfnpetu/?1245,.[]-+=0 MZABVLRKJUTENG",
  ...["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"],
  ...["Delete", "Backspace", "Enter", "Escape"],
];
const RUNNING = ["shiftKey", "ctrlKey", "metaKey", "altKey"];
const FOCUSABLE = "a[href], button, input:not([type=file]), select, textarea, summary, [tabindex]";
const SPARED = "data-lm-suppress-shortcuts";

let port: FakePort<never>;
let el: HTMLElement;
let end: () => void;
/** What the notebook around hears as meant for it. */
let heard: string[];

async function shown(view: string): Promise<void> {
  inSight();
  const [open, kernel, more] = (VIEWS[view] as (typeof VIEWS)[string])();
  port = kernel;
  const cell = document.body.appendChild(document.createElement("div"));
  el = cell.appendChild(document.createElement("div"));
  const widget = open();
  const closes = widget.initialize({ model: new FakeModel(port).model as never });
  const leaves = widget.render({ el });
  end = () => {
    leaves();
    closes();
  };
  await eventually(() => expect(el.querySelectorAll(FOCUSABLE).length).toBeGreaterThan(0));
  await eventually(more);
  await new Promise((resolve) => setTimeout(resolve, 30));
}

/** The first of each kind of place that can have the focus, and the view itself. */
function places(): HTMLElement[] {
  const kinds = new Map<string, HTMLElement>([["", el]]);
  for (const one of el.querySelectorAll<HTMLElement>(FOCUSABLE)) {
    const kind = `${one.localName} ${one.getAttribute("type")} ${one.parentElement?.className}`;
    const isOpen = one.checkVisibility() && !one.closest("[hidden], [inert], :disabled");
    if (isOpen && !kinds.has(kind)) kinds.set(kind, one);
  }
  return [...kinds.values()];
}

/** Presses keys at each place, and returns how many there are. */
function pressAll(keys: string[], options: KeyboardEventInit = {}): KeyboardEvent[] {
  return places().flatMap((place) =>
    keys.flatMap((key) => {
      if (!place.isConnected) return [];
      place.focus();
      return document.activeElement === place ? [press(key, options)] : [];
    }),
  );
}

beforeEach(() => {
  heard = [];
  const hear = ({ key, target }: KeyboardEvent) => {
    const element = target as HTMLElement;
    if (element !== document.body && !element.hasAttribute(SPARED))
      heard.push(`${key} at ${element.outerHTML.slice(0, 80)}`);
  };
  const { signal } = closing;
  document.addEventListener("keydown", hear, { capture: true, signal });
  document.addEventListener("keydown", hear, { signal });
  vi.stubGlobal("fetch", vi.fn());
});
let closing = new AbortController();
afterEach(() => {
  end();
  closing.abort();
  closing = new AbortController();
});

describe.each(Object.keys(VIEWS))("%s", (view) => {
  beforeEach(() => shown(view));

  test("keeps its keys from the notebook", () => {
    const events = pressAll(KEYS);
    expect(heard).toEqual([]);
    expect(events.length).toBeGreaterThan(KEYS.length);
    for (const held of RUNNING) pressAll(["Enter"], { [held]: true });
    expect(heard).toEqual([]);
    const outside = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, shiftKey: true });
    el.parentElement?.dispatchEvent(outside);
    expect(heard).toHaveLength(2);
  });

  test("has the keys of who clicks on its ground, but for chords", () => {
    const chords: string[] = [];
    const hear = ({ key, target }: KeyboardEvent) => target === document.body && chords.push(key);
    document.body.addEventListener("keydown", hear, { signal: closing.signal });
    click(el);
    expect(el.contains(document.activeElement)).toBe(true);
    press("d");
    press("s", { ctrlKey: true });
    expect([heard, chords]).toEqual([[], ["s"]]);
  });

  test("names its controls and uses ARIA right", async () => {
    const rules = { "color-contrast": { enabled: false }, region: { enabled: false } };
    const { violations } = await axe.run({ include: el, exclude: "[hidden]" }, { rules });
    const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
    expect(found).toEqual([]);
  });
});
