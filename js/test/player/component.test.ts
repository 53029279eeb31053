import { beforeEach, describe, expect, test, vi } from "vitest";
import { player } from "../../src/player/component";
import { Buffers, GONE } from "../port";
import {
  button,
  choose,
  click,
  close,
  eventually,
  find,
  hasFocus,
  listed,
  press,
  settled,
  show,
  texts,
  write,
} from "../view";
import { asks, pass, says, shown, TapePort } from "./tapes";

const log = () => find("[role=log]");
const track = () => find<HTMLInputElement>("input[type=range]");
const field = () => find<HTMLTextAreaElement>("form textarea");
const question = () => find("form.dari-question");
const items = () => texts(".dari-scene p");
const seconds = () => Number(track().value);
const toggle = () => find<HTMLButtonElement>(".dari-toggle");
const isPlaying = () => toggle().getAttribute("aria-label") === "Stop";
const to = (expected: number) => eventually(() => expect(seconds()).toBe(expected));
const note = () => find("form [role=status]").textContent ?? "";
/** Goes to the question of a tape. */
const stopped = async (port = new TapePort([asks(2)])) => {
  await shown(port);
  press("End");
  await eventually(() => expect(question().hidden).toBe(false));
  return port;
};

/** What each listed key does; the reader is 10 seconds into the first turn. */
const DOES: Record<string, (port: TapePort) => unknown> = {
  Space: () => plays(" "),
  k: () => plays("k"),
  "←": () => goes("ArrowLeft", 5),
  "→": () => goes("ArrowRight", 15),
  ",": () => goes(",", 0),
  ".": () => goes(".", 20),
  "[": () => goes("[", 0),
  "]": () => goes("]", 20),
  "-": (port) => turns(port, "-", 0.5),
  "+": (port) => turns(port, "+", 2),
  "=": (port) => turns(port, "=", 2),
  Home: () => goes("Home", 0),
  End: () => goes("End", 60),
  "A–Z": async () => {
    await asked();
    press("x");
    hasFocus(field());
  },
  "Ctrl+Enter": async (port) => {
    await asked();
    write(field(), "It waits.");
    log().focus();
    press("Enter", { ctrlKey: true });
    expect(port.bodies("reply")).toMatchObject([{ id: "ask-3", text: "It waits." }]);
  },
  "?": () => {
    const before = listed();
    press("?");
    expect([before, listed().length > 0]).toEqual([[], true]);
    press("?");
    expect(listed()).toEqual([]);
  },
  Esc: async () => {
    await asked();
    field().focus();
    press("Escape");
    hasFocus(log());
  },
};

async function goes(key: string, expected: number): Promise<void> {
  expect(press(key).defaultPrevented).toBe(true);
  await to(expected);
}

function plays(key: string): void {
  for (const expected of [true, false]) {
    press(key);
    expect(isPlaying()).toBe(expected);
  }
}

function turns(port: TapePort, key: string, speed: number): void {
  press(key);
  expect(port.traits.speed).toBe(speed);
  expect(find<HTMLSelectElement>("[aria-label=Speed]").value).toBe(String(speed));
}

/** Goes to the question. */
async function asked(): Promise<void> {
  press("End");
  await eventually(() => expect(question().hidden).toBe(false));
  press("Escape");
}

describe("keys", () => {
  test.each(Object.entries(DOES))("hears %s", async (name, check) => {
    const port = new TapePort([/A–Z|Enter|Esc/.test(name) ? asks(3) : says(3)]);
    await shown(port);
    press(".");
    await to(10);
    await check(port);
  });

  test("lists what it hears", async () => {
    await shown();
    press("?");
    expect(listed().sort()).toEqual(Object.keys(DOES).sort());
    press("Escape");
    expect(listed()).toEqual([]);
  });

  test("are those of the player on the track, too", async () => {
    await shown();
    track().focus();
    press("ArrowRight");
    await to(5);
    plays("k");
    hasFocus(track());
  });

  test("leave controls what is theirs", async () => {
    const port = await shown();
    find("[aria-label=Speed]").focus();
    for (const key of ["ArrowRight", "k", "End", "+"])
      expect(press(key).defaultPrevented).toBe(false);
    button(/item on/).focus();
    for (const key of ["Enter", " "]) expect(press(key).defaultPrevented).toBe(false);
    expect([seconds(), port.traits.speed, isPlaying()]).toEqual([0, 1, false]);
  });

  test("mean nothing with Ctrl, Alt or Meta", async () => {
    const port = await shown();
    for (const held of ["ctrlKey", "altKey", "metaKey"])
      for (const key of ["k", "End", "+", "?", "]"]) press(key, { [held]: true });
    await settled();
    expect([seconds(), port.traits.speed, isPlaying(), listed()]).toEqual([0, 1, false, []]);
  });

  test("go on from the transcript after a control was used by pointer", async () => {
    await shown();
    click(button(/item on/));
    hasFocus(log());
    plays("k");
    click(track());
    hasFocus(log());
  });

  test("Escape leaves a control", async () => {
    await shown();
    for (const name of ["[aria-label=Speed]", ".dari-toggle", "input[type=range]"]) {
      find(name).focus();
      press("Escape");
      hasFocus(log());
    }
  });

  test("stay with a control that was used by keyboard", async () => {
    await shown();
    const speed = find("[aria-label=Speed]");
    speed.focus();
    press("ArrowDown");
    choose(speed, "2");
    hasFocus(speed);
  });
});

describe("a player", () => {
  let port: TapePort;
  beforeEach(async () => {
    port = await shown();
  });

  test("begins with the first item, and says where it is", () => {
    expect(items()).toEqual(["asked 1"]);
    expect([track().min, track().max]).toEqual(["0", "60"]);
    expect(track().getAttribute("aria-valuetext")).toMatch(/0:00.*1:00.*1.*2/);
    expect(log().getAttribute("aria-live")).toBe("off");
    expect(texts(".dari-head strong, .dari-head span")).toEqual(["tour", "small"]);
  });

  test("plays items at their times, and tells the kernel", async () => {
    click(toggle());
    expect(port.traits).toMatchObject({ playing: true, at: 0 });
    await pass(9.5);
    expect(items()).toEqual(["asked 1"]);
    await pass(1);
    expect(items()).toEqual(["asked 1", "called 1"]);
    click(toggle());
    expect(port.traits.playing).toBe(false);
    expect(port.traits.at).toBeCloseTo(10.3, 0);
    await pass(30);
    expect(items()).toEqual(["asked 1", "called 1"]);
  });

  test("stops at the end, and begins again from there", async () => {
    press("k");
    await pass(70);
    expect(items()).toHaveLength(6);
    expect(port.traits).toMatchObject({ playing: false, at: 60 });
    press("k");
    expect([seconds(), isPlaying()]).toEqual([0, true]);
  });

  test("plays at the speed that is chosen", async () => {
    choose(find("[aria-label=Speed]"), "4");
    expect(port.traits.speed).toBe(4);
    press("k");
    await pass(3);
    expect(items()).toEqual(["asked 1", "called 1"]);
    port.push({ speed: 16 });
    await pass(3);
    expect(items()).toHaveLength(5);
    expect(find<HTMLSelectElement>("[aria-label=Speed]").value).toBe("16");
  });

  test("offers a speed that only the kernel chooses", () => {
    port.push({ speed: 3 });
    expect(find<HTMLSelectElement>("[aria-label=Speed]").value).toBe("3");
    press("+");
    expect(port.traits.speed).toBe(4);
  });

  test("waits no longer than is chosen", async () => {
    const waits = find("[aria-label='Longest wait']");
    choose(waits, "1");
    expect(port.traits.idle_limit).toBe(1);
    press("k");
    await pass(3);
    expect(items()).toEqual(["asked 1", "called 1", "said 1"]);
    choose(waits, "");
    expect(port.traits.idle_limit).toBe(null);
  });

  test("goes where one drags, and plays on from there", async () => {
    press("k");
    track().dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
    expect(isPlaying()).toBe(false);
    write(track(), "45");
    await eventually(() => expect(port.traits.at).toBe(45));
    expect(items()).toEqual(["asked 1", "called 1", "said 1", "asked 2"]);
    track().dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
    expect(isPlaying()).toBe(true);
    expect(port.traits.at).toBe(45);
  });

  test("goes back, and takes later items away", async () => {
    press("End");
    await to(60);
    press("[");
    await to(40);
    press("[");
    await to(0);
    expect(items()).toEqual(["asked 1"]);
  });

  test("follows the kernel", async () => {
    port.push({ at: 50, playing: false });
    await to(50);
    expect(items()).toHaveLength(5);
    port.push({ playing: true });
    await eventually(() => expect(isPlaying()).toBe(true));
    port.push({ playing: false });
    await eventually(() => expect(isPlaying()).toBe(false));
  });

  test("asks for each turn once", async () => {
    for (const key of ["End", "Home", "End"]) press(key);
    await to(60);
    expect(port.bodies("turn")).toEqual([{ number: 0 }, { number: 1 }]);
  });

  test("says what turns have cost once they are over", async () => {
    const caption = () => find(".dari-caption").textContent;
    expect(caption()).not.toContain("$");
    press("End");
    await to(60);
    expect(caption()).toMatch(/2.*\$0\.01/);
  });

  test("has the height that the kernel sets", () => {
    port.push({ height: 300 });
    expect(log().style.maxHeight).toBe("300px");
    port.push({ height: 0 });
    expect(log().style.maxHeight).toBe("");
  });
});

describe("what can't be played", () => {
  test("is said", async () => {
    const port = new TapePort();
    port.answer = () => {
      throw new Error("No tape.");
    };
    show(player, port);
    await eventually(() => expect(texts(".dari-caption")[0]).toContain("No tape."));
    expect(toggle().disabled).toBe(true);
  });

  test("says why nothing plays", async () => {
    const port = new TapePort();
    port.answer = () => new Buffers({ ...port.whole, nothing: "All is new." }, []);
    show(player, port);
    await eventually(() => expect(log().textContent).toBe("All is new."));
    expect(toggle().disabled).toBe(true);
  });

  test("is said when the kernel is gone, and what is here still plays", async () => {
    const port = await shown();
    port.leave();
    press("End");
    await eventually(() => expect(texts(".dari-caption")[0]).toContain(GONE));
    press(".");
    await to(10);
    expect(items()).toEqual(["asked 1", "called 1"]);
  });

  test("is said to be late while the kernel is busy", async () => {
    const port = await shown();
    vi.useFakeTimers();
    port.answer = () => new Promise(() => {});
    press("End");
    await vi.advanceTimersByTimeAsync(1000);
    expect(texts(".dari-caption")[0]).toMatch(/busy/);
  });
});

describe("marks", () => {
  test("are on the track, and said where they are passed", async () => {
    await shown(new TapePort([says(2)]));
    const mark = find(".dari-track i");
    expect(mark.title).toBe("It looks.");
    expect(mark.style.insetInlineStart).toMatch(/^16\.7%/);
    const passed = () => texts(".dari-player > [role=status]");
    expect(passed()).toEqual([""]);
    press(".");
    await to(10);
    expect(passed()).toEqual(["It looks."]);
    expect(items()).toEqual(["asked 1", "called 1", "It looks."]);
  });

  test("are gone to with brackets", async () => {
    await shown(new TapePort([says(2), says(3)]));
    for (const [key, at] of [
      ["]", 10],
      ["]", 20],
      ["]", 40],
      ["[", 20],
    ] as const) {
      press(key);
      await to(at);
    }
  });
});

describe("a question", () => {
  test("stops the player, and nothing leads past it", async () => {
    const port = await shown(new TapePort([asks(2)]));
    press("k");
    await pass(12);
    expect([isPlaying(), question().hidden]).toEqual([false, false]);
    expect(texts(".dari-ask")).toEqual(["Why?"]);
    log().focus();
    for (const key of ["End", "]", ".", "ArrowRight"]) {
      press(key);
      await settled();
      expect(seconds()).toBe(10);
    }
    expect(items()).toEqual(["asked 1", "called 1"]);
    expect(toggle().disabled).toBe(true);
    expect(port.bodies("turn")).toEqual([{ number: 0 }]);
    expect(document.body.innerHTML).not.toContain("said 1");
  });

  test("is a form with a labeled field, which who is in the player writes in", async () => {
    await stopped();
    hasFocus(field());
    expect(question().getAttribute("aria-label")).toBeTruthy();
    expect(field().getAttribute("aria-label")).toBeTruthy();
  });

  test("takes no focus from who is elsewhere", async () => {
    await shown(new TapePort([asks(2)]));
    const other = document.body.appendChild(document.createElement("input"));
    press("k");
    other.focus();
    await pass(12);
    expect(question().hidden).toBe(false);
    hasFocus(other);
  });

  test("sends the answer, and plays on", async () => {
    const port = await stopped();
    write(field(), "It waits.");
    click(button(/Go on/));
    await eventually(() => expect(question().hidden).toBe(true));
    expect(port.bodies("reply")).toMatchObject([{ id: "ask-2", text: "It waits." }]);
    expect(isPlaying()).toBe(true);
    hasFocus(log());
    await pass(11);
    expect(items()).toEqual([
      "asked 1",
      "called 1",
      expect.stringMatching(/It waits\.$/),
      "said 1",
    ]);
  });

  test("sends nothing that is empty, and says so", async () => {
    const port = await stopped();
    log().focus();
    press("Enter", { ctrlKey: true });
    expect(note()).not.toBe("");
    hasFocus(field());
    expect(port.bodies("reply")).toEqual([]);
  });

  test("is skipped", async () => {
    const port = await stopped();
    click(button("Skip"));
    await eventually(() => expect(question().hidden).toBe(true));
    expect(port.bodies("reply")).toMatchObject([{ id: "ask-2", text: "" }]);
  });

  test("isn't skipped over what is written without another press", async () => {
    const port = await stopped();
    write(field(), "It w");
    click(button("Skip"));
    expect(port.bodies("reply")).toEqual([]);
    expect(field().value).toBe("It w");
    click(button(/Skip without/));
    expect(port.bodies("reply")).toMatchObject([{ id: "ask-2", text: "" }]);
  });

  test("Shift+Enter and plain letters write in its field", async () => {
    const port = await stopped();
    for (const key of ["k", "]", "?", " "]) expect(press(key).defaultPrevented).toBe(false);
    expect(press("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    press("Enter", { ctrlKey: true, isComposing: true });
    expect([listed(), seconds(), port.bodies("reply")]).toEqual([[], 10, []]);
  });

  test("is written in by a letter on the track, and by none on a menu", async () => {
    await stopped();
    find("[aria-label=Speed]").focus();
    press("x");
    hasFocus(find("[aria-label=Speed]"));
    track().focus();
    press("x");
    hasFocus(field());
  });

  test("has the focus of who uses a control by pointer", async () => {
    await stopped();
    for (const control of [button(/item on/), track()]) {
      log().focus();
      click(control);
      hasFocus(field());
    }
    click(button("Keys"));
    press("Escape");
    expect(listed()).toEqual([]);
    hasFocus(field());
    press("Escape");
    hasFocus(log());
  });

  test("Escape leaves it for the transcript, where Space leads back", async () => {
    await stopped();
    write(field(), "mine");
    press("Escape");
    hasFocus(log());
    press(" ");
    hasFocus(field());
    expect(field().value).toBe("mine");
  });

  test("shows the next one at the same place", async () => {
    const port = await stopped(new TapePort([asks(2), asks(2, { id: "b", html: "<p>When?</p>" })]));
    write(field(), "one");
    press("Enter", { ctrlKey: true });
    await eventually(() => expect(texts(".dari-ask")).toEqual(["When?"]));
    hasFocus(field());
    expect(field().value).toBe("");
    write(field(), "two");
    press("Enter", { ctrlKey: true });
    await eventually(() => expect(question().hidden).toBe(true));
    expect(port.bodies("reply")).toMatchObject([{ id: "ask-2" }, { id: "b", text: "two" }]);
  });

  test("says why an answer wasn't taken, and keeps it", async () => {
    const port = await stopped();
    port.answer = (what, body) => {
      if (what === "reply") throw new Error("Too long.");
      return port.tells(what, body);
    };
    write(field(), "It waits.");
    click(button(/Go on/));
    await eventually(() => expect(note()).toBe("Too long."));
    expect(field().value).toBe("It waits.");
    expect(question().hidden).toBe(false);
  });

  test("loses nothing typed when the kernel is gone", async () => {
    const port = await stopped();
    write(field(), "It waits.");
    port.leave();
    press("Enter", { ctrlKey: true });
    await eventually(() => expect(note()).toContain(GONE));
    expect(field().value).toBe("It waits.");
    expect(port.bodies("reply")).toEqual([]);
  });

  test("has what was typed when the cell runs again", async () => {
    const port = await stopped();
    write(field(), "It waits.");
    close();
    document.body.replaceChildren();
    await stopped(new TapePort([asks(2)], { scope: port.traits.scope }));
    expect(field().value).toBe("It waits.");
  });

  test("is gone once it is answered elsewhere", async () => {
    const port = await stopped();
    for (const mark of port.chapters[0]?.marks ?? []) mark.answer = "Elsewhere.";
    port.push({ replies: 1 });
    await eventually(() => expect(question().hidden).toBe(true));
    expect(items().join()).toContain("Elsewhere.");
  });
});
