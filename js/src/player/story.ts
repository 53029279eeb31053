import { decode, type Port, type Reply } from "../host/port";
import { mergeMarks } from "./merge_marks";
import type { Reply as Answered, Chapter, Mark, Outline, State, Step } from "./wire";

/** A place in the story: a chapter, and how many of its steps are seen. */
export interface Place {
  chapter: number;
  steps: number;
}

const NOTHING: Outline = { seconds: 0, turns: 0, left_out: "", nothing: "", answered: "" };

/** What is known of the recorded turns, as far as they may be seen; more of it is asked for. */
export class Story {
  readonly #port: Port<State>;
  readonly #changed: () => void;
  readonly #isOpen: (mark: Mark) => boolean;
  readonly #turns = new Map<number, Promise<Step[]>>();
  readonly #read = new Map<number, Step[]>();
  readonly #marked = new Map<number, [Step[], Chapter, Step[]]>();
  #replies = 0;
  #isReplying = false;
  whole = NOTHING;
  chapters: Chapter[] = [];
  /** All who are heard in them. */
  agents: string[] = [];

  /**
   * @param changed Told when there is more to be seen, also as others have answered.
   * @param signal Ends that.
   * @param isOpen Whether the reader is asked at a mark still.
   */
  constructor(
    port: Port<State>,
    changed: () => void,
    signal: AbortSignal,
    isOpen = (mark: Mark) => mark.answer === null,
  ) {
    this.#port = port;
    this.#changed = changed;
    this.#isOpen = isOpen;
    port.watch(["replies"], () => this.#learn(), signal);
  }

  /** Whether others have answered meanwhile. */
  get isLate(): boolean {
    return this.#replies < this.#port.get("replies");
  }

  /** Learns what there is; rejects when the other side does not tell. */
  async begin(): Promise<void> {
    const replies = this.#port.get("replies");
    this.#take(await this.#port.ask<Outline>("outline"), replies);
  }

  /** Keeps what the reader expects at a mark, and learns what comes then. */
  async reply(reply: Answered): Promise<void> {
    this.#isReplying = true;
    try {
      const told = await this.#port.ask<Outline>("reply", reply);
      this.#take(told, this.#port.get("replies"));
    } finally {
      this.#isReplying = false;
      this.#learn();
    }
  }

  /** The steps of a chapter, if they are here already. */
  stepsHere(number: number): Step[] | undefined {
    const read = this.chapters[number] && this.#read.get(number);
    return read && read.length >= this.#length(number) ? read : undefined;
  }

  /** What is seen before it, and they, with the marks that were passed where they stand. */
  marked(number: number): Step[] | undefined {
    const [steps, chapter] = [this.stepsHere(number), this.chapters[number]];
    if (!steps || !chapter) return undefined;
    const known = this.#marked.get(number);
    if (known?.[0] === steps && known[1] === chapter) return known[2];
    const made = mergeMarks(steps, chapter.marks);
    this.#marked.set(number, [steps, chapter, made]);
    return made;
  }

  /** The steps of a chapter. */
  steps(number: number): Promise<Step[]> {
    const here = this.stepsHere(number);
    if (here) return Promise.resolve(here);
    const asked = this.#turns.get(number) ?? this.#ask(number);
    this.#turns.set(number, asked);
    return asked;
  }

  /** The question that the reader is asked at a place. */
  question({ chapter, steps }: Place): Mark | undefined {
    return this.chapters[chapter]?.marks.find((mark) => mark.steps === steps && this.#asks(mark));
  }

  /** The first place where the reader is asked something. */
  get asked(): Place | undefined {
    for (const [chapter, { marks }] of this.chapters.entries()) {
      const mark = marks.find((one) => this.#asks(one));
      if (mark) return { chapter, steps: mark.steps };
    }
    return undefined;
  }

  /** When a place in a chapter that is here, or a chapter's beginning, is, in seconds of the whole. */
  secondsOf({ chapter, steps }: Place): number {
    const begins = this.chapters[chapter]?.begins ?? 0;
    return begins + (this.#read.get(chapter)?.[steps - 1]?.at ?? 0);
  }

  /** The chapter at a time; at least the first, at most the last that may be seen. */
  chapterAt(seconds: number): number {
    return Math.max(
      0,
      last(this.chapters, ({ begins }) => begins <= seconds),
    );
  }

  /** The last place at or before a time in a chapter that is here. */
  placeAt(seconds: number): Place {
    const chapter = this.chapterAt(seconds);
    const begins = this.chapters[chapter]?.begins ?? 0;
    const steps = this.#read.get(chapter)?.slice(0, this.#length(chapter)) ?? [];
    // What one person reads and another writes differs in its last digit.
    return { chapter, steps: last(steps, ({ at }) => begins + at <= seconds + 1e-6) + 1 };
  }

  /** Where it begins. */
  get beginning(): Place {
    return { chapter: 0, steps: Math.min(1, this.#length(0)) };
  }

  /** The place after which nothing may be seen. */
  get end(): Place {
    const chapter = Math.max(0, this.chapters.length - 1);
    return { chapter, steps: this.#length(chapter) };
  }

  /** When that is, in seconds of the whole. */
  get seconds(): number {
    const chapter = this.chapters.at(-1);
    return chapter ? chapter.begins + chapter.seconds : 0;
  }

  /** One step further, if there is one. */
  after({ chapter, steps }: Place): Place | undefined {
    if (steps < this.#length(chapter)) return { chapter, steps: steps + 1 };
    return this.#length(chapter + 1) > 0 ? { chapter: chapter + 1, steps: 1 } : undefined;
  }

  #asks(mark: Mark): boolean {
    return mark.ask !== null && this.#isOpen(mark);
  }

  #length(number: number): number {
    return this.chapters[number]?.steps ?? 0;
  }

  async #ask(number: number): Promise<Step[]> {
    try {
      const { buffers } = await this.#port.ask("turn", { number });
      const steps = decode<Step>(buffers);
      this.#read.set(number, steps);
      return steps;
    } finally {
      this.#turns.delete(number);
    }
  }

  /** Learns what others have answered, but for what is told anyway. */
  #learn(): void {
    if (this.#isReplying || !this.isLate) return;
    // What went wrong is said by what is asked next.
    void this.begin().catch(() => undefined);
  }

  #take({ body, buffers }: Reply<Outline>, replies: number): void {
    this.#replies = replies;
    this.chapters = decode<Chapter>(buffers);
    this.agents = [...new Set(this.chapters.map(({ agent }) => agent))];
    this.whole = body;
    this.#changed();
  }
}

/** Place of the last thing for which something holds, of things for whose first ones it does. */
function last<Thing>(things: Thing[], holds: (thing: Thing) => boolean): number {
  let [low, high] = [0, things.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(things[middle] as Thing)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
