import type { Port } from "../host/port";
import { type Playback, sayingBusy } from "./playback";
import type { Story } from "./story";
import type { Chapter, Mark, State } from "./wire";

const NAME = "dari.unsent";
const ELSEWHERE = "Another page went on from here. What you send is kept, too.";
const KEY = Symbol.for(NAME);
const page: typeof globalThis & { [KEY]?: Map<string, string> } = globalThis;
page[KEY] ??= kept();

/**
 * What is written at questions and not sent, by the marks' ids and whose it is. It is the page's,
 * and so outlives players whose kernel is gone; each of them has a script of its own. A page that
 * is loaded anew in the same tab has it, too.
 */
const unsent = page[KEY];

function kept(): Map<string, string> {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(NAME) ?? "[]"));
  } catch {
    // Some hosts keep nothing.
    return new Map();
  }
}

function keepUnsent(): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify([...unsent]));
  } catch {
    // As above, or there is no room: it is in the page still.
  }
}

/** What a draft is known by: other readers may be asked the same on this page. */
const nameOf = (port: Port<State>, id: string) => `${port.get("scope")} ${id}`;

/** Whether anything is, at the questions of a player. */
export function isUnsent(port: Port<State>): boolean {
  const own = nameOf(port, "");
  return [...unsent].some(([name, text]) => name.startsWith(own) && text.trim());
}

/** What was written here, and on what of the other side; `isTold` once the other side has it. */
interface Own {
  text: string;
  upon: string;
  isTold: boolean;
}

/** What a reader writes at questions: the same in all views of a player, which send it once. */
export class Answering {
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #playback: Playback;
  /** Of what several pages write at a time, each keeps its own, by the marks' ids. */
  readonly #own = new Map<string, Own>();
  /** What is said at a mark. */
  #note = { id: "", text: "" };
  /** Whether an answer is on its way: what would be added now is not sent. */
  isSending = false;

  constructor(port: Port<State>, story: Story, playback: Playback, signal: AbortSignal) {
    this.#port = port;
    this.#story = story;
    this.#playback = playback;
    const learn = () => {
      for (const id of Object.keys(port.get("drafts"))) {
        this.#learn(id);
        this.#hold(id, this.text(id));
      }
      playback.renew();
    };
    learn();
    port.watch(["drafts"], learn, signal);
    window.addEventListener("pagehide", () => this.keep(), { signal });
  }

  /** What is written at a mark, here or elsewhere. */
  text(id: string): string {
    const known = unsent.get(nameOf(this.#port, id));
    const own = this.#own.get(id);
    const text = (own && !own.isTold ? own.text : this.#port.get("drafts")[id]) ?? known ?? "";
    return text.replace(/\r\n?/g, "\n");
  }

  /** What a reader writes is in all views at once, and in the page whatever becomes of the kernel. */
  write(id: string, text: string): void {
    const own = this.#own.get(id);
    const upon = own && !own.isTold ? own.upon : (this.#port.get("drafts")[id] ?? "");
    this.#own.set(id, { text, upon, isTold: false });
    this.#hold(id, text);
    keepUnsent();
    this.#playback.renew();
  }

  /** Tells the other side, for when the page is loaded anew, and for other pages. */
  keep(): void {
    const [drafts, upon] = [{ ...this.#port.get("drafts") }, { ...this.#port.get("upon") }];
    const told = [...this.#own].filter(
      ([id, own]) => !own.isTold && (drafts[id] ?? "") === own.upon,
    );
    for (const [id, own] of told) {
      [drafts[id], upon[id]] = [own.text, own.upon];
      own.isTold = true;
    }
    if (told.length > 0) this.#port.set({ drafts, upon });
  }

  /** What the reader is to know at a mark. */
  note(id: string): string {
    return this.#note.id === id ? this.#note.text : "";
  }

  say(id: string, text: string): void {
    this.#note = { id, text };
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

  /** Forgets what was written at questions that are answered by now. */
  clear(): void {
    for (const { id, answer } of this.#story.chapters.flatMap(({ marks }) => marks)) {
      if (answer !== null && this.text(id)) this.#forget(id);
    }
  }

  /** Whether another page has answered otherwise than is written here: nobody is taken from that. */
  stays(now: Chapter[]): boolean {
    const { id } = this.#playback.question ?? {};
    const answer = now.flatMap(({ marks }) => marks).find((mark) => mark.id === id)?.answer ?? null;
    const text = id ? this.text(id).trim() : "";
    if (!id || !text || answer === null || answer === text) return false;
    this.say(id, ELSEWHERE);
    return true;
  }

  /** What somebody wrote beside what is written here, not knowing of it, takes nothing of it away. */
  #learn(id: string): void {
    const own = this.#own.get(id);
    const { [id]: draft } = this.#port.get("drafts");
    if (!own?.isTold || draft === undefined || draft === own.text) return;
    if (this.#port.get("upon")[id] === own.text) this.#own.delete(id);
    else own.isTold = false;
  }

  #hold(id: string, text: string): void {
    unsent.set(nameOf(this.#port, id), text);
  }

  #forget(id: string): void {
    this.#own.delete(id);
    unsent.delete(nameOf(this.#port, id));
    keepUnsent();
    const { [id]: draft, ...drafts } = this.#port.get("drafts");
    const { [id]: _, ...upon } = this.#port.get("upon");
    if (draft !== undefined) this.#port.set({ drafts, upon });
  }
}
