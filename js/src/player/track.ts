import { make, on } from "../shared/dom";
import { plainText } from "./merge_marks";
import type { Playback } from "./playback";
import type { Story } from "./story";

const WIDTH = 1000;
/** Where lines of each kind begin and end, from the top. */
const LINES = { items: [8, 14], errors: [6, 16], turns: [4, 18] } as const;
const MOST_MARKS = 200;
/** Pixels beside a mark at which it is pointed at still. */
const NEAR = 4;
/** More lines of a kind than this are a bar that tells nothing: none is drawn. */
const MOST_LINES = 150;
/** Seconds below which tenths are told. */
const SHORT = 10;
const DAY = 86_400;
/** Seconds above which only days are told. */
const LONG = 4 * DAY;

/** Where the reader is in the whole, with its turns, items and marks; one drags in it. */
export class Track {
  readonly element = make("div", "dari-track");
  readonly field = make("input", "", {
    type: "range",
    min: "0",
    step: "any",
    "aria-label": "Place in the recording",
  });
  readonly #story: Story;
  readonly #playback: Playback;
  readonly #done = make("span", "dari-done");
  readonly #marks = make("span", "");
  /** The first question that nobody has answered. */
  #open: HTMLElement | undefined;

  constructor(story: Story, playback: Playback, signal: AbortSignal) {
    this.#story = story;
    this.#playback = playback;
    const lines = make("span", "dari-lines", { "aria-hidden": "true" });
    const paths = Object.keys(LINES).map((kind) => `<path class="dari-${kind}"/>`);
    lines.innerHTML = `<svg viewBox="0 0 ${WIDTH} 22" preserveAspectRatio="none">${paths.join("")}</svg>`;
    const { field } = this;
    let isHeld = false;
    const hold = () => {
      isHeld = playback.isPlaying;
      playback.pause();
    };
    const release = () => {
      if (isHeld && !playback.isAtEnd) playback.play();
      isHeld = false;
    };
    on(field, "input", () => void playback.seek(Number(field.value)), signal);
    on(field, "pointerdown", hold, signal);
    for (const end of ["pointerup", "pointercancel"] as const) on(field, end, release, signal);
    on(field, "pointermove", ({ clientX }) => this.#name(clientX), signal);
    this.element.append(this.#done, lines, this.#marks, this.field);
  }

  /** Draws what is known of the whole. */
  draw(): void {
    const { chapters, whole } = this.#story;
    this.field.max = String(whole.seconds);
    const at = { turns: [] as number[], items: [] as number[], errors: [] as number[] };
    for (const { begins, items, errors } of chapters) {
      const when = (seconds: number) => begins + seconds;
      at.turns.push(begins);
      at.items.push(...items.map(when));
      at.errors.push(...errors.map(when));
    }
    for (const [kind, [top, bottom]] of Object.entries(LINES)) {
      const places = new Set(at[kind as keyof typeof at].map((time) => this.#part(time, WIDTH)));
      const seen = places.size > MOST_LINES ? [] : [...places];
      const path = seen.map((x) => `M${x} ${top}V${bottom}`).join("");
      this.element.querySelector(`.dari-${kind}`)?.setAttribute("d", path);
    }
    const marks = chapters.flatMap(({ begins, marks }) =>
      marks.map((mark) => [begins + mark.at, mark] as const),
    );
    this.#open = undefined;
    this.#marks.replaceChildren(
      ...marks.slice(0, MOST_MARKS).map(([seconds, mark]) => {
        const place = make("i", mark.ask === null ? "dari-mark" : "dari-mark dari-asks");
        place.style.insetInlineStart = `${this.#part(seconds, 100)}%`;
        place.title = mark.ask === null ? plainText(mark) : mark.text;
        if (mark.ask !== null && mark.answer === null) this.#open = place;
        return place;
      }),
    );
    this.show();
  }

  /** Shows where the reader is. */
  show(): void {
    const { seconds, question } = this.#playback;
    // It asks nothing before the reader has come to it.
    if (this.#open) this.#open.title = question ? plainText(question) : "question";
    this.field.value = String(seconds);
    this.field.setAttribute("aria-valuetext", wordsOf(this.#story, this.#playback));
    this.#done.style.width = `${this.#part(seconds, 100)}%`;
  }

  /** Names the mark that is pointed at: the field lies above all marks. */
  #name(x: number): void {
    const near = [...this.#marks.querySelectorAll("i")].find((mark) => {
      const { left, right } = mark.getBoundingClientRect();
      return left - NEAR <= x && x <= right + NEAR;
    });
    const title = near?.title ?? "";
    if (this.field.title !== title) this.field.title = title;
  }

  #part(seconds: number, of: number): number {
    const { whole } = this.#story;
    return whole.seconds > 0 ? Math.round((seconds / whole.seconds) * of * 10) / 10 : 0;
  }
}

/** `0:07 of 0:31, turn 1 of 3`. */
function wordsOf({ whole }: Story, { seconds, place }: Playback): string {
  const turn = whole.turns > 0 ? `, turn ${place.chapter + 1} of ${whole.turns}` : "";
  return `${clock(seconds, whole.seconds)} of ${clock(whole.seconds, whole.seconds)}${turn}`;
}

/** `0:07`, `12:40`, `1:02:03`, `12 days`; where all of it is short, `0.7 s`. */
export function clock(seconds: number, of: number): string {
  if (of < SHORT) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole > LONG) return `${Math.floor(whole / DAY)} days`;
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
