import type { Message, Port, Reply } from "../host/port";
import { unique } from "../shared/unique";
import type { Chapter, Reply as Expected, Mark, Outline, State, Step, Wanted } from "./wire";

/** All that a page holds. */
export interface Recorded {
  whole: Outline;
  chapters: Chapter[];
  /** What is told of questions beside their answers, by their ids. */
  questions: Record<string, object>;
  steps(number: number): Promise<Step[]>;
}

/** Characters of an answer that is kept, as a kernel keeps them. */
const LONGEST = 20_000;

/** Answers a player as a kernel does, from what is in the page: it shows nothing before its time. */
export class PagePort implements Port<State> {
  readonly #recorded: Recorded;
  readonly #state: State;
  readonly #changes = new EventTarget();
  readonly #answers: object[] = [];
  /** Stands for whoever tells no name, and tells two of one name apart. */
  readonly code = unique().toString(36);
  /** Is told when there is an answer that can be saved. */
  answered: () => void = () => undefined;

  constructor(recorded: Recorded, state: State) {
    this.#recorded = recorded;
    this.#state = state;
  }

  get<Name extends keyof State>(name: Name): State[Name] {
    return this.#state[name];
  }

  set(changes: Partial<State>): void {
    for (const [name, value] of Object.entries(changes)) {
      Object.assign(this.#state, { [name]: value });
      this.#changes.dispatchEvent(new Event(name));
    }
  }

  watch(names: readonly (keyof State)[], listener: () => void, signal: AbortSignal): void {
    for (const name of names) this.#changes.addEventListener(name, listener, { signal });
  }

  send(_message: Message): void {}

  receive(): void {}

  async ask<Body>(what: string, body?: unknown): Promise<Reply<Body>> {
    if (what === "turn") return reply(null, await this.#steps((body as Wanted).number));
    // There is no other page that it could be told.
    if (what === "draft") return reply(null);
    if (what === "reply") this.#keep(body as Expected);
    return reply(this.#recorded.whole, this.chapters());
  }

  /** The chapters up to the first open question. */
  chapters(): Chapter[] {
    const [last, open] = this.#barrier();
    const seen = this.#recorded.chapters.slice(0, last + 1);
    return seen.map((chapter, number) => (open && number === last ? upTo(chapter, open) : chapter));
  }

  async #steps(number: number): Promise<Step[]> {
    const [last, open] = this.#barrier();
    const all = await this.#recorded.steps(number);
    return number === last ? all.slice(0, open?.steps) : all;
  }

  /**
   * What was answered, as a kernel keeps it: a line of JSON each, as `Tape.answers()` reads them.
   *
   * @param name Who answered; empty for nobody who tells.
   */
  answers(name: string): string {
    const saved = new Date().toISOString();
    const reader = { reader: name || this.code, page: this.code, saved };
    const told = this.#answers.map((line) => ({ ...line, ...reader }));
    return told.map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  #keep({ id, text }: Expected): void {
    const { length } = [...text.trim()];
    if (length > LONGEST) {
      const [most, count] = [LONGEST, length].map((number) => number.toLocaleString("en"));
      throw new Error(
        `An answer has ${most} characters at most, and this one ${count}: it is not kept. Make it shorter.`,
      );
    }
    for (const { marks } of this.#recorded.chapters) {
      for (const mark of marks) {
        if (mark.id !== id) continue;
        mark.answer = text;
        if (text.trim()) this.#write(id, text.trim());
      }
    }
  }

  #write(id: string, value: string): void {
    const now = Date.now();
    const about = { name: "answer", run_id: `mark:${id}`, repeat: now * 1000, by: "person" };
    const told = this.#recorded.questions[id];
    this.#answers.push({ ...about, value, ...told, at: new Date(now).toISOString() });
    this.answered();
  }

  /** The first question that nobody has answered, and the number of its chapter. */
  #barrier(): [number, Mark?] {
    for (const [number, { marks }] of this.#recorded.chapters.entries()) {
      const open = marks.find((mark) => mark.ask !== null && mark.answer === null);
      if (open) return [number, open];
    }
    return [Number.POSITIVE_INFINITY];
  }
}

/** A chapter of which only what is in front of a question is seen. */
function upTo(chapter: Chapter, open: Mark): Chapter {
  const { steps, at } = open;
  const isWhole = steps >= chapter.steps;
  return {
    ...chapter,
    steps,
    seconds: at,
    spent: isWhole ? chapter.spent : "",
    items: chapter.items.filter((time) => time <= at),
    errors: chapter.errors.filter((time) => time <= at),
    marks: chapter.marks.slice(0, chapter.marks.indexOf(open) + 1),
  };
}

function reply<Body>(body: unknown, ...lists: unknown[]): Reply<Body> {
  const bytes = lists.map((list) => new TextEncoder().encode(JSON.stringify(list)));
  return { body: body as Body, buffers: bytes.map(({ buffer }) => new DataView(buffer)) };
}
