import type { Port } from "../host/port";
import { button, make, on } from "../shared/dom";
import type { Key } from "../shared/keys";
import { SENDS } from "../shared/sending";
import { plainText } from "./merge_marks";
import type { Playback } from "./playback";
import type { Question } from "./question";
import type { Story } from "./story";
import { clock, Track } from "./track";
import type { State } from "./wire";

export const SPEEDS = [0.5, 1, 2, 4, 8, 16];
const WAITS = [null, 0, 1, 3, 10];
/** Seconds that an arrow goes. */
const FAR = 5;
/** From here on a tape plays as fast as it can. */
const INSTANT = 1000;

/** The line that plays, stops and goes elsewhere, and says where one is. */
export class Controls {
  readonly element = make("div", "dari-play", { role: "group", "aria-label": "Player" });
  readonly caption = make("p", "dari-caption");
  /** The mark that one is at, for those who hear the page: in the transcript nothing is read out. */
  readonly passed = make("p", "dari-spoken", { role: "status" });
  readonly track: Track;
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #playback: Playback;
  readonly #play: HTMLButtonElement;
  readonly #time = make("span", "dari-time");
  readonly #where = make("span", "");
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #speed = make("select", "", { "aria-label": "Speed" });
  readonly #wait = make("select", "", { "aria-label": "Longest wait" });

  constructor(
    port: Port<State>,
    story: Story,
    playback: Playback,
    keys: () => void,
    signal: AbortSignal,
  ) {
    this.#port = port;
    this.#story = story;
    this.#playback = playback;
    this.track = new Track(story, playback, signal);
    this.#play = button("▶\uFE0E", () => playback.toggle(), signal, { class: "dari-toggle" });
    const steps = [
      button("‹", () => void playback.step(-1), signal, { "aria-label": "One item back" }),
      button("›", () => void playback.step(1), signal, { "aria-label": "One item on" }),
    ];
    const faster = () => port.set({ speed: Number(this.#speed.value) });
    const shorter = () => {
      const { value } = this.#wait;
      port.set({ idle_limit: value === "" ? null : Number(value) });
    };
    on(this.#speed, "change", faster, signal);
    on(this.#wait, "change", shorter, signal);
    const help = button("?", keys, signal, { "aria-label": "Keys" });
    const chosen = make("span", "dari-chosen", {}, this.#speed, this.#wait, help);
    this.element.append(this.#play, ...steps, this.track.element, this.#time, chosen);
    this.caption.append(this.#where, this.#note);
  }

  /**
   * The keys of a player.
   *
   * @param help Shows them.
   * @param asked The question that is asked here.
   */
  keys(help: () => void, asked: Question): Key[] {
    const { track } = this;
    const ask = () => asked.focus();
    const play = () => (this.#playback.question ? ask() : this.#playback.toggle());
    const to = (seconds: number) => void this.#playback.seek(seconds);
    const by = (seconds: number) => to(this.#playback.seconds + seconds);
    return [
      [[" ", "k"], "play, stop", play],
      [["ArrowLeft"], `${FAR} seconds back`, () => by(-FAR)],
      [["ArrowRight"], `${FAR} seconds on`, () => by(FAR)],
      [[","], "one item back", () => void this.#playback.step(-1)],
      [["."], "one item on", () => void this.#playback.step(1)],
      [["["], "turn or mark before", () => void this.#playback.jump(-1)],
      [["]"], "next turn or mark", () => void this.#playback.jump(1)],
      [["-"], "slower", () => this.#faster(-1)],
      [["+", "="], "faster", () => this.#faster(1)],
      [["Home"], "to the beginning", () => to(0)],
      [["End"], "to the end", () => to(Number(track.field.max))],
      [["A–Z"], "write, where something is asked", ask],
      [[SENDS], "send the answer", () => void asked.send()],
      [["?"], "these keys", help],
    ];
  }

  /** What is known of the whole has changed. */
  draw(): void {
    this.track.draw();
    this.show();
  }

  /** Shows where the reader is. */
  show(): void {
    const { isPlaying, seconds, question } = this.#playback;
    const whole = this.#story.whole.seconds;
    this.#play.textContent = isPlaying ? "❚❚\uFE0E" : "▶\uFE0E";
    this.#play.setAttribute("aria-label", isPlaying ? "Stop" : "Play");
    this.#play.disabled = question !== undefined || this.#story.chapters.length === 0;
    this.#time.textContent = `${clock(seconds, whole)} / ${clock(whole, whole)}`;
    fill(this.#speed, SPEEDS, this.#port.get("speed"), speedText);
    fill(this.#wait, WAITS, this.#port.get("idle_limit"), (wait) =>
      wait === null ? "waits in full" : wait > 0 ? `waits ≤ ${wait} s` : "no waits",
    );
    setText(this.#where, this.#whereText());
    setText(this.#note, this.#playback.note);
    setText(this.passed, this.#markText());
    this.track.show();
  }

  #whereText(): string {
    const { place } = this.#playback;
    const { whole, chapters } = this.#story;
    if (chapters.length === 0) return "";
    const spent = this.#spent();
    return [`turn ${place.chapter + 1} of ${whole.turns}`, spent].filter(Boolean).join(" · ");
  }

  /** What the turns that have ended here have cost. */
  #spent(): string {
    const { chapter, steps } = this.#playback.place;
    const here = this.#story.chapters[chapter];
    const isOver = here !== undefined && steps >= here.steps;
    return (isOver && here.spent) || (this.#story.chapters[chapter - 1]?.spent ?? "");
  }

  #markText(): string {
    const { place, question } = this.#playback;
    const { marks = [] } = this.#story.chapters[place.chapter] ?? {};
    const last = marks.filter((mark) => mark.steps <= place.steps).at(-1);
    return last?.ask === null && !question ? plainText(last) : "";
  }

  #faster(by: 1 | -1): void {
    const speed = this.#port.get("speed");
    const next =
      by > 0 ? SPEEDS.find((one) => one > speed) : SPEEDS.filter((one) => one < speed).at(-1);
    if (next !== undefined) this.#port.set({ speed: next });
  }
}

function speedText(speed: number): string {
  return speed >= INSTANT ? "instant" : `${Number(speed.toPrecision(3))}×`;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Offers some numbers, and the one that is chosen among them; nothing stands for no limit. */
function fill<Value extends number | null>(
  field: HTMLSelectElement,
  values: Value[],
  chosen: Value,
  words: (value: Value) => string,
): void {
  const all = [...new Set([...values, chosen])].sort((a, b) => (a ?? -1) - (b ?? -1));
  const texts = all.map((value) => String(value ?? ""));
  if (texts.join() !== [...field.options].map(({ value }) => value).join()) {
    const options = all.map((value, place) =>
      make("option", "", { value: texts[place] ?? "" }, words(value)),
    );
    field.replaceChildren(...options);
  }
  const text = String(chosen ?? "");
  if (field.value !== text) field.value = text;
}
