import type { Port } from "../host/port";
import { on } from "../shared/dom";
import { sayingBusy } from "../shared/silence";
import { unique } from "../shared/unique";
import type { Playback } from "./playback";
import type { Story } from "./story";
import type { Draft, Mark, State } from "./wire";

const NAME = "dari.unsent";
const ELSEWHERE = "Another page went on from here. What you send is kept, too.";
const KEY = Symbol.for(NAME);
const page: typeof globalThis & { [KEY]?: Unsent } = globalThis;
page[KEY] ??= opened();

/** What is written at questions in a page and not sent. */
interface Unsent {
  /** What other pages know this one by, until it is loaded anew. */
  page: string;
  /** By the marks' ids and whose they are. */
  texts: Map<string, Written>;
}

/** What is written at one of them, and what was taken over into that from other pages. */
interface Written {
  text: string;
  taken: string[];
}

/** What is written in another page, known by that. */
export interface Other {
  id: string;
  text: string;
}

/** Whose writing has changed on this page, and whether that is done with at a question. */
interface Told {
  scope: string;
  isDone: boolean;
}

/**
 * It is the page's, and so outlives players whose kernel is gone; each of them has a script of its
 * own. A page that is loaded anew in the same tab has it, too.
 */
const unsent = page[KEY];

function opened(): Unsent {
  const code = unique().toString(36);
  try {
    const texts = JSON.parse(sessionStorage.getItem(NAME) ?? "[]");
    return { page: code, texts: new Map(texts) };
  } catch {
    // Some hosts keep nothing.
    return { page: code, texts: new Map() };
  }
}

function keepUnsent(): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify([...unsent.texts]));
  } catch {
    // As above, or there is no room: it is in the page still.
  }
}

/** What a draft is known by: other readers may be asked the same on this page. */
const nameOf = (port: Port<State>, id: string) => `${port.get("scope")} ${id}`;

/** Whether anything is, at the questions of a player. */
export function isUnsent(port: Port<State>): boolean {
  const own = nameOf(port, "");
  return [...unsent.texts].some(([name, { text }]) => name.startsWith(own) && text.trim());
}

/**
 * What a reader writes at questions: the same in all views of a page, which sends it once. What is
 * written in other pages stands beside it.
 */
export class Answering {
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #playback: Playback;
  /** What was told of what is written here, by the marks' ids. */
  readonly #told = new Map<string, string>();
  /** What is said at a mark, of what is written there. */
  #note = { id: "", text: "", of: "" };
  /** Whether an answer is on its way: what would be added now is not sent. */
  isSending = false;
  /** Whether the reader is where they write: then what stands there is not all, perhaps. */
  isWriting = false;

  constructor(port: Port<State>, story: Story, playback: Playback, signal: AbortSignal) {
    this.#port = port;
    this.#story = story;
    this.#playback = playback;
    const changed = () => {
      // What stood there for another page, too, may have gone with that.
      for (const [id, text] of this.#told) this.#tell(id, text);
      playback.renew();
    };
    port.watch(["drafts"], changed, signal);
    const written = ({ detail }: Event & { detail?: Told }) => {
      if (detail?.scope !== port.get("scope")) return;
      if (detail.isDone) this.keep();
      playback.renew();
    };
    window.addEventListener(NAME, written, { signal });
    const leave = () => {
      this.keep();
      // What stands there for another page goes when that does.
      this.#told.clear();
      this.keep();
    };
    on(window, "pagehide", leave, signal);
  }

  /** What is written at a mark in this page. */
  text(id: string): string {
    return this.#written(id).text;
  }

  /** What is written there in other pages, but for what was taken over from there. */
  beside(id: string): Other[] {
    const { text: own, taken } = this.#written(id);
    const all = Object.entries(this.#port.get("drafts")[id] ?? {});
    const others = all.map(([page, text]) => ({ id: page, text: text.replace(/\r\n?/g, "\n") }));
    const isOther = ({ id: page, text }: Other) =>
      page !== unsent.page && text.trim() !== own.trim() && !taken.includes(text);
    return others.filter(isOther);
  }

  /** What a reader writes is in all views at once, and in the page whatever becomes of the kernel. */
  write(id: string, text: string): void {
    this.#hold(id, { text, taken: text.trim() ? this.#written(id).taken : [] });
  }

  /** Goes on with what was written in another page, below what is written here. */
  take(id: string, text: string): void {
    if (this.isSending) return;
    const { text: own, taken } = this.#written(id);
    const all = own.trim() ? `${own.trimEnd()}\n${text}` : text;
    this.#hold(id, { text: all, taken: [...taken, text] });
  }

  /** Tells the other side what is written here, for other pages. */
  keep(): void {
    const marks = this.#story.chapters.flatMap(({ marks }) => marks.map(({ id }) => id));
    for (const id of new Set([...marks, ...this.#told.keys()])) this.#tell(id, this.text(id));
  }

  /** What the reader is to know at a mark. */
  note({ id, answer }: Mark): string {
    const isOfThis = this.#note.id === id && this.#note.of === this.#standing(id);
    const said = isOfThis ? this.#note.text : "";
    return said || (answer === null ? "" : ELSEWHERE);
  }

  say(id: string, text: string): void {
    this.#note = { id, text, of: this.#standing(id) };
    this.#playback.renew();
  }

  /**
   * Sends what is expected, with nothing to skip the question; returns whether it was taken.
   *
   * @param isSure Whether it is to be skipped whatever is written there in other pages.
   */
  async send(mark: Mark, text: string, isSure: boolean): Promise<boolean> {
    if (this.isSending) return false;
    const { id } = mark;
    const written = this.text(id);
    this.isSending = true;
    this.say(id, "");
    try {
      const reply = { id, text, page: isSure ? "" : unsent.page };
      await sayingBusy(this.#story.reply(reply), (note) => this.say(id, note));
      // Another player of the page may have gone on.
      if (this.text(id) === written) this.#forget(id);
      this.say(id, "");
      if (!this.#playback.isAtEnd) this.#playback.play();
      return true;
    } catch (error) {
      this.say(id, (error as Error).message);
      return false;
    } finally {
      this.isSending = false;
      this.#playback.renew();
    }
  }

  /** Whether the reader is asked at a question: what is written here goes nowhere by itself. */
  isAsked({ id, answer }: Mark): boolean {
    return answer === null || unsent.texts.has(nameOf(this.#port, id));
  }

  /** Whether something is written here at a question: then nobody leads the reader away. */
  holds({ id }: Mark): boolean {
    return this.text(id).trim() !== "";
  }

  /** Forgets what was written at questions that are answered by now, but what is not in that. */
  clear(): void {
    for (const { marks } of this.#story.chapters) {
      for (const { id, answer } of marks) {
        const text = this.text(id).trim();
        const isSent = text === answer && !this.isWriting;
        if (answer !== null && (text === "" || isSent)) this.#forget(id);
      }
    }
  }

  /** All that stands at a mark. */
  #standing(id: string): string {
    return JSON.stringify([this.text(id), this.beside(id)]);
  }

  #written(id: string): Written {
    return unsent.texts.get(nameOf(this.#port, id)) ?? { text: "", taken: [] };
  }

  #hold(id: string, written: Written): void {
    unsent.texts.set(nameOf(this.#port, id), written);
    keepUnsent();
    this.#announce(false);
  }

  #forget(id: string): void {
    if (!unsent.texts.delete(nameOf(this.#port, id))) return;
    keepUnsent();
    this.#announce(true);
  }

  /** Announces it to all players of the page that are asked the same, of other kernels, too. */
  #announce(isDone: boolean): void {
    const detail: Told = { scope: this.#port.get("scope"), isDone };
    window.dispatchEvent(new CustomEvent(NAME, { detail }));
  }

  /** Tells the other side of a text, unless that is there. */
  #tell(id: string, text: string): void {
    const words = text.trim() && text;
    const isThere = Object.values(this.#port.get("drafts")[id] ?? {}).includes(words);
    if (words === (this.#told.get(id) ?? "") && (words === "" || isThere)) return;
    this.#told.set(id, words);
    const draft: Draft = { id, page: unsent.page, text: words };
    // Where nobody hears it, it is in this page still.
    void this.#port.ask("draft", draft).catch(() => undefined);
  }
}
