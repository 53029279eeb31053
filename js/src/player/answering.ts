import type { Port } from "../host/port";
import { type Playback, sayingBusy } from "./playback";
import type { Story } from "./story";
import type { Draft, Mark, State } from "./wire";

const NAME = "dari.unsent";
const ELSEWHERE = "Another page went on from here. What you send is kept, too.";
const KEY = Symbol.for(NAME);
const page: typeof globalThis & { [KEY]?: Unsent } = globalThis;
page[KEY] ??= opened();

/** What is written at questions in a page and not sent. */
interface Unsent {
  /** What other pages know this one by. */
  page: string;
  /** What they knew it by before it was loaded anew; two pages may come of one. */
  was: string;
  /** By the marks' ids and whose they are. */
  texts: Map<string, string>;
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
keepUnsent();

function opened(): Unsent {
  const code = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0).toString(36);
  try {
    const { was, texts } = JSON.parse(sessionStorage.getItem(NAME) ?? "{}");
    return { page: code, was: was ?? "", texts: new Map(texts) };
  } catch {
    // Some hosts keep nothing.
    return { page: code, was: "", texts: new Map() };
  }
}

function keepUnsent(): void {
  try {
    const kept = { was: unsent.page, texts: [...unsent.texts] };
    sessionStorage.setItem(NAME, JSON.stringify(kept));
  } catch {
    // As above, or there is no room: it is in the page still.
  }
}

/** What a draft is known by: other readers may be asked the same on this page. */
const nameOf = (port: Port<State>, id: string) => `${port.get("scope")} ${id}`;

/** Whether anything is, at the questions of a player. */
export function isUnsent(port: Port<State>): boolean {
  const own = nameOf(port, "");
  return [...unsent.texts].some(([name, text]) => name.startsWith(own) && text.trim());
}

/**
 * What a reader writes at questions: the same in all views of a page, which sends it once. What is
 * written in other pages stands beside it.
 */
export class Answering {
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #playback: Playback;
  /** What the other side may know this page by still. */
  #was = unsent.was;
  /** What was told of what is written here, by the marks' ids. */
  readonly #told = new Map<string, string>();
  /** What is said at a mark, of what is written there. */
  #note = { id: "", text: "", of: "" };
  /** Whether an answer is on its way: what would be added now is not sent. */
  isSending = false;

  constructor(port: Port<State>, story: Story, playback: Playback, signal: AbortSignal) {
    this.#port = port;
    this.#story = story;
    this.#playback = playback;
    port.watch(["drafts"], () => playback.renew(), signal);
    const written = ({ detail }: Event & { detail?: Told }) => {
      if (detail?.scope !== port.get("scope")) return;
      if (detail.isDone) this.keep();
      playback.renew();
    };
    window.addEventListener(NAME, written, { signal });
    window.addEventListener("pagehide", () => this.keep(), { signal });
  }

  /** What is written at a mark in this page. */
  text(id: string): string {
    return unsent.texts.get(nameOf(this.#port, id)) ?? "";
  }

  /** What is written there in other pages, but for what is in this one's, too. */
  beside(id: string): string[] {
    const { [unsent.page]: _, [this.#was]: __, ...others } = this.#port.get("drafts")[id] ?? {};
    const texts = new Set(Object.values(others).map(oneLineEnd));
    return [...texts].filter((text) => !this.text(id).includes(text));
  }

  /** What a reader writes is in all views at once, and in the page whatever becomes of the kernel. */
  write(id: string, text: string): void {
    unsent.texts.set(nameOf(this.#port, id), text);
    keepUnsent();
    this.#tell(false);
  }

  /** Goes on with what was written in another page, below what is written here. */
  take(id: string, text: string): void {
    if (this.isSending) return;
    const own = this.text(id).trimEnd();
    this.write(id, own ? `${own}\n${text}` : text);
  }

  /** Tells the other side what is written here, for other pages. */
  keep(): void {
    const [{ page }, was, drafts] = [unsent, this.#was, this.#port.get("drafts")];
    const marks = this.#story.chapters.flatMap(({ marks }) => marks.map(({ id }) => id));
    const told = [...new Set([...marks, ...Object.keys(drafts)])].map((id) => {
      const text = this.text(id).trim() && this.text(id);
      if (text === (this.#told.get(id) ?? "") && drafts[id]?.[was] === undefined) return undefined;
      this.#told.set(id, text);
      const draft: Draft = { id, page, was, text };
      return this.#port.ask("draft", draft);
    });
    const done = () => {
      this.#was = "";
    };
    // Where nobody hears it, it is in this page still.
    void Promise.all(told).then(done, () => undefined);
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

  /** Sends what is expected, with nothing to skip the question; returns whether it was taken. */
  async send(mark: Mark, text: string): Promise<boolean> {
    if (this.isSending) return false;
    const { id } = mark;
    this.isSending = true;
    this.say(id, "");
    try {
      await sayingBusy(this.#story.reply(mark, text), (note) => this.say(id, note));
      this.#forget(id);
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
        if (answer !== null && (text === "" || text === answer)) this.#forget(id);
      }
    }
  }

  /** All that stands at a mark. */
  #standing(id: string): string {
    return [this.text(id), ...this.beside(id)].join("\n");
  }

  #forget(id: string): void {
    if (!unsent.texts.delete(nameOf(this.#port, id))) return;
    keepUnsent();
    this.#tell(true);
  }

  /** Tells all players of the page that are asked the same, of other kernels, too. */
  #tell(isDone: boolean): void {
    const detail: Told = { scope: this.#port.get("scope"), isDone };
    window.dispatchEvent(new CustomEvent(NAME, { detail }));
  }
}

/** With the ends of lines that a field has. */
function oneLineEnd(text: string): string {
  return text.replace(/\r\n?/g, "\n").trim();
}
