import type { Component, Port } from "../host/port";
import { atEnd, focusOn, make, on, onEscape } from "../shared/dom";
import { keySheet, onKeys, type Told } from "../shared/keys";
import { sendsWith } from "../shared/sending";
import { Answering } from "./answering";
import { Controls } from "./controls";
import { Playback } from "./playback";
import { Question } from "./question";
import { keepInSight } from "./sight";
import { Stage } from "./stage";
import { Story } from "./story";
import type { State } from "./wire";

/** Recorded turns as they happened: played, stopped, gone through step by step. */
export const player: Component<State> = (port, signal) => {
  const drawn = new Set<() => void>();
  const redraw = () => {
    answering.clear();
    for (const draw of drawn) draw();
    playback.renew();
  };
  const story = new Story(port, redraw, signal, (mark) => answering.isAsked(mark));
  const playback: Playback = new Playback(port, story, signal, (mark) => answering.holds(mark));
  const answering: Answering = new Answering(port, story, playback, signal);
  void begin(story, playback);
  return (el, until) => {
    const draw = drawPlayer(el, port, story, playback, answering, until);
    drawn.add(draw);
    atEnd(until, () => drawn.delete(draw));
  };
};

async function begin(story: Story, playback: Playback): Promise<void> {
  if (await playback.comes(story.begin())) await playback.begin();
}

function drawPlayer(
  el: HTMLElement,
  port: Port<State>,
  story: Story,
  playback: Playback,
  answering: Answering,
  signal: AbortSignal,
): () => void {
  const head = make("div", "dari-head");
  const stage = new Stage(story, playback, signal);
  const leave = () => focusOn(stage.log);
  const question = new Question(answering, playback, leave, signal);
  const toggle = () => {
    sheet.hidden = !sheet.hidden;
  };
  const controls = new Controls(port, story, playback, toggle, signal);
  const keys = controls.keys(toggle, question);
  const sheet = keySheet(
    [...keys, LEAVES].map(
      ([names, says]) => [names.map((name) => NAMES[name] ?? name), says] as const,
    ),
  );
  sheet.hidden = true;
  el.classList.add("dari", "dari-view", "dari-player");
  // Heard first: in an answer no letter is a key.
  on(el, "keydown", (event) => question.type(event), signal);
  on(el, "keyup", () => question.release(), signal);
  sendsWith(el, (event) => event.repeat || void question.send());
  onKeys(el, keys, signal);
  const leaveControl = () => (playback.question ? question.focus() : leave());
  leaveControls(controls.element, leaveControl, signal);
  for (const part of [controls.element, question.element])
    onEscape(part, leave, () => sheet.hidden === true);
  keepInSight(el, stage.log, () => question.lead(), signal);
  onEscape(el, toggle, () => !sheet.hidden);
  const top = make("div", "dari-top", {}, head, controls.element, controls.caption, sheet);
  el.replaceChildren(top, stage.log, stage.latest, controls.passed, question.element);
  const size = () => {
    const height = port.get("height");
    if (height > 0) stage.log.style.maxHeight = `${height}px`;
    else stage.log.style.removeProperty("max-height");
  };
  port.watch(["height"], size, signal);
  size();
  const show = (isLed = false) => {
    drawHead(head, story, playback);
    controls.show();
    stage.show(isLed);
    question.show();
  };
  playback.subscribe(show, signal);
  controls.draw();
  show();
  return () => controls.draw();
}

/** Who works a control by pointer has the keys of the player again, or writes, before that acts. */
function leaveControls(element: HTMLElement, leave: () => void, signal: AbortSignal): void {
  const first = { capture: true };
  let isPointed = false;
  const note = ({ type }: Event) => {
    isPointed = type === "pointerdown";
  };
  // A choice is opened by a click, and made once it changes.
  const work = ({ type, target }: Event) => {
    const used = type === "click" ? ":focus:not(select)" : ":focus";
    if (isPointed && (target as Element).matches(used)) leave();
  };
  for (const type of ["pointerdown", "keydown"] as const) on(element, type, note, signal, first);
  for (const type of ["click", "change"] as const) on(element, type, work, signal, first);
}

/** Who is heard where the reader is. */
function drawHead(head: HTMLElement, story: Story, playback: Playback): void {
  const chapter = story.chapters[playback.place.chapter];
  const { left_out, answered } = story.whole;
  const { agents } = story;
  const words = [chapter?.agent ?? "", chapter?.llm ?? "", left_out, ...agents];
  if (head.dataset.says === words.join()) return;
  head.dataset.says = words.join();
  const { agent = "", llm = "" } = chapter ?? {};
  const said = ["recorded", left_out, answered].filter(Boolean).join(" · ");
  const recorded = make("small", "", {}, said);
  head.replaceChildren(
    make("strong", "", {}, agent),
    ...(llm ? [make("span", "", {}, llm)] : []),
    ...(agents.length > 1 ? [make("strong", "dari-all", {}, agents.join(", "))] : []),
    recorded,
  );
}

/** What the fields do themselves. */
const LEAVES: Told = [["Escape"], "leave the answer"];
const NAMES: Record<string, string> = { " ": "Space", ArrowLeft: "←", ArrowRight: "→" };
