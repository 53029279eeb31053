import type { Port } from "../host/port";
import { atEnd } from "../shared/dom";
import { sayingBusy } from "../shared/silence";
import type { Place, Story } from "./story";
import type { Mark, State, Step } from "./wire";

/** What is nearer is the same: it is told in milliseconds, and cut where it ends. */
const SLACK_S = 0.001;

/** Where the reader is, and how that goes on by itself. */
export class Playback {
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #listeners = new Set<(isLed: boolean) => void>();
  readonly #signal: AbortSignal;
  readonly #holds: (question: Mark) => boolean;
  #place: Place = { chapter: 0, steps: 0 };
  #clock = 0;
  #last: number | undefined;
  #frame = 0;
  #told = -1;
  #wanted = 0;
  /** What the reader is to know: that it is read, or could not be. */
  note = "";

  /** @param holds Whether a question keeps the reader where others go on, as something is written. */
  constructor(
    port: Port<State>,
    story: Story,
    signal: AbortSignal,
    holds = (_question: Mark) => false,
  ) {
    this.#port = port;
    this.#story = story;
    this.#signal = signal;
    this.#holds = holds;
    port.watch(["at"], () => this.#sent(), signal);
    port.watch(["playing"], () => this.#started(), signal);
    port.watch(["speed", "idle_limit"], () => this.#tell(), signal);
    atEnd(signal, () => cancelAnimationFrame(this.#frame));
  }

  get place(): Place {
    return this.#place;
  }

  /** Seconds of the whole. */
  get seconds(): number {
    return this.#clock;
  }

  get isPlaying(): boolean {
    return this.#frame !== 0;
  }

  /** The question that the reader is asked here. */
  get question(): Mark | undefined {
    return this.#story.question(this.#place);
  }

  get isAtEnd(): boolean {
    return this.#story.after(this.#place) === undefined && !this.question;
  }

  /**
   * Calls a listener at every change, until `signal` aborts: told whether the reader of this page
   * wants to see where they are now.
   */
  subscribe(listener: (isLed: boolean) => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    atEnd(signal, () => this.#listeners.delete(listener));
  }

  /** Goes where other pages are, or stays where the reader is asked still; says nothing of that. */
  async begin(): Promise<void> {
    const at = this.#port.get("at");
    this.#told = at;
    const { asked } = this.#story;
    if (asked && !(await this.#comesTo(asked.chapter))) return;
    if (asked && this.#story.secondsOf(asked) < at) {
      this.#set(asked, this.#story.secondsOf(asked));
      this.#tell();
    } else {
      await this.#goAlong(at);
    }
  }

  /** Plays on from here, at the end from the beginning. */
  play(): void {
    if (this.isPlaying || this.#signal.aborted || this.question) return;
    if (this.isAtEnd) this.#set(this.#story.beginning, 0);
    this.#last = undefined;
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
    this.#say(true);
  }

  pause(): void {
    if (!this.isPlaying) return;
    this.#halt();
    this.#say();
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  /** Goes to a time, as far as that may be seen. */
  async seek(seconds: number): Promise<void> {
    const clock = Math.min(Math.max(0, seconds), this.#story.seconds);
    if (await this.#comesTo(this.#story.chapterAt(clock))) {
      this.#land(this.#story.placeAt(clock), clock);
    }
  }

  /** Goes to a place. */
  async goTo(place: Place): Promise<void> {
    if (await this.#comesTo(place.chapter)) {
      this.#land(place, this.#story.secondsOf(place));
    }
  }

  /** Goes one item on, or one back. */
  async step(by: 1 | -1): Promise<void> {
    this.pause();
    let at: Place | undefined = this.#place;
    if (!(await this.#ready(at.chapter))) return;
    do {
      at = by > 0 ? this.#story.after(at) : this.#before(at);
      if (at && !(await this.#ready(at.chapter))) return;
    } while (at && !this.#story.question(at) && !this.#isItem(at));
    if (at) await this.goTo(at);
    else if (by > 0) await this.goTo(this.#story.end);
    else await this.goTo(this.#story.beginning);
  }

  /** Goes to the next turn or mark, or to the one before. */
  async jump(by: 1 | -1): Promise<void> {
    const places = this.#story.chapters.flatMap(({ marks, steps: most }, chapter) =>
      // What stands in front of all is seen with the first step, if that may be seen.
      [1, ...marks.map(({ steps }) => Math.max(1, steps))].map((steps) => ({
        chapter,
        steps: Math.min(steps, most),
      })),
    );
    const far = ({ chapter, steps }: Place) =>
      chapter - this.#place.chapter || steps - this.#place.steps;
    const next =
      by > 0 ? places.find((one) => far(one) > 0) : places.filter((one) => far(one) < 0).at(-1);
    await this.goTo(next ?? (by > 0 ? this.#story.end : this.#story.beginning));
  }

  /** More can be seen than before: what was shown stays. */
  renew(): void {
    this.#tell();
  }

  #before({ chapter, steps }: Place): Place | undefined {
    if (steps > 1) return { chapter, steps: steps - 1 };
    if (chapter === 0) return undefined;
    return { chapter: chapter - 1, steps: this.#story.chapters[chapter - 1]?.steps ?? 0 };
  }

  /** Whether something new is seen with the last step of a place. */
  #isItem({ chapter, steps }: Place): boolean {
    const step = this.#story.stepsHere(chapter)?.[steps - 1];
    return step !== undefined && isItem(step);
  }

  #tick(now: number): void {
    const passed = this.#last === undefined ? 0 : (now - this.#last) / 1000;
    this.#last = now;
    this.#frame = requestAnimationFrame((next) => this.#tick(next));
    if (!this.#story.stepsHere(this.#place.chapter)) {
      // Time stands still while something is read.
      void this.#ready(this.#place.chapter);
      return;
    }
    this.#clock += passed * this.#port.get("speed");
    this.#advance();
  }

  #advance(): void {
    let at = this.#place;
    let next = this.#story.after(at);
    while (next && !this.#story.question(at)) {
      const due = this.#story.secondsOf(next);
      const limit = this.#port.get("idle_limit");
      if (limit !== null && due - this.#story.secondsOf(at) > limit) {
        this.#clock = Math.max(this.#clock, due - limit);
      }
      if (due > this.#clock) break;
      if (!this.#story.stepsHere(next.chapter)) {
        void this.#ready(next.chapter);
        this.#clock = due;
        break;
      }
      at = next;
      next = this.#story.after(at);
      if (!isCalm() || this.#isItem(at) || this.#story.question(at) || !next) this.#place = at;
    }
    if (this.#story.chapters[at.chapter + 1]) {
      void this.#story.steps(at.chapter + 1).catch(() => undefined);
    }
    const isOver = next === undefined || this.question !== undefined;
    if (isOver) this.#clock = Math.min(this.#clock, this.#story.secondsOf(at));
    if (isOver) this.pause();
    else this.#tell();
  }

  /** Of several goals on the way to which something is read, only the last one is come to. */
  async #comesTo(chapter: number): Promise<boolean> {
    const wanted = ++this.#wanted;
    return (await this.#ready(chapter)) && wanted === this.#wanted;
  }

  /** Waits until a chapter is here. */
  async #ready(chapter: number): Promise<boolean> {
    if (this.#story.stepsHere(chapter) || this.#story.chapters.length === 0) return true;
    return this.comes(this.#story.steps(chapter));
  }

  /** Waits until what was asked for is here, which may take long; what went wrong is said. */
  async comes(asked: Promise<unknown>): Promise<boolean> {
    try {
      await sayingBusy(asked, (note) => this.#noted(note));
      this.#noted("");
      return true;
    } catch (error) {
      this.pause();
      this.#noted((error as Error).message);
      return false;
    }
  }

  #noted(note: string): void {
    if (note === this.note) return;
    this.note = note;
    this.#tell();
  }

  /** Goes there, and stops where something is asked, or nothing comes. */
  #land(place: Place, clock: number): void {
    this.#set(place, clock);
    if (this.isPlaying && (this.question || this.isAtEnd)) this.#halt();
    this.#say(true);
  }

  #halt(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #set(place: Place, clock: number): void {
    this.#place = place;
    this.#clock = clock;
    this.#last = undefined;
  }

  /** Says to the other side where the reader is now. */
  #say(isLed = false): void {
    this.#told = Math.round(this.#clock * 1000) / 1000;
    this.#port.set({ at: this.#told, playing: this.isPlaying });
    this.#tell(isLed);
  }

  /** Whether the other side has nobody elsewhere than was said. */
  get #isTold(): boolean {
    return Math.abs(this.#port.get("at") - this.#told) < SLACK_S;
  }

  /** The other side says where to go. */
  #sent(): void {
    if (this.#isTold) return;
    const at = this.#port.get("at");
    this.#told = at;
    // It stops there, and does not say where it was meanwhile.
    if (!this.#port.get("playing")) this.#halt();
    void this.#follow(at);
  }

  /** Goes where another page is, which may have answered what is still asked in this one. */
  async #follow(at: number): Promise<void> {
    const isBehind = () => at >= this.#story.seconds + SLACK_S;
    // What went wrong is said by what is asked next.
    if (isBehind() || this.#story.isLate) await this.#story.begin().catch(() => undefined);
    const isHeld = this.question !== undefined && this.#holds(this.question);
    if (at === this.#told && !isBehind() && !isHeld) await this.#goAlong(at);
  }

  /** Who follows says nothing: that would lead those who are ahead. */
  async #goAlong(at: number): Promise<void> {
    const clock = Math.min(Math.max(0, at), this.#story.seconds);
    if (!(await this.#comesTo(this.#story.chapterAt(clock)))) return;
    this.#set(this.#story.placeAt(clock), clock);
    this.#tell();
    if (this.#port.get("playing")) this.play();
    else this.pause();
  }

  /** The other side says whether to play, where others are: who was held elsewhere goes there. */
  #started(): void {
    if (!this.#isTold) return;
    if (!this.#port.get("playing")) this.pause();
    else if (!this.isPlaying) void this.#follow(this.#told);
  }

  #tell(isLed = false): void {
    for (const listener of this.#listeners) listener(isLed);
  }
}

/** Whether the reader wants nothing to move by itself: texts come as wholes then. */
function isCalm(): boolean {
  return globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}

/** Whether something new is seen with a step: not only a draft that grows, or a place for one. */
export function isItem(step: Step): boolean {
  return step.changes.some((change) =>
    "edits" in change
      ? change.id !== null
      : change.html !== null && !change.id.endsWith(":pending"),
  );
}
