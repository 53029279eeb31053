import type { Port } from "../host/port";
import { type Playback, sayingBusy } from "./playback";
import type { Story } from "./story";
import type { Mark, State } from "./wire";

const NAME = "dari.written";
const ELSEWHERE = "Another page went on from here. What you send is kept, too.";
const KEY = Symbol.for(NAME);
const page: typeof globalThis & { [KEY]?: Map<string, Written> } = globalThis;
page[KEY] ??= kept();

/** What stands at a question and is not sent. */
interface Written {
  text: string;
  /** What the other side had when this page last agreed with it; none where all is from there. */
  upon?: string;
}

/** Whose writing has changed on this page, and at which mark there is none any more. */
interface Told {
  scope: string;
  gone?: string | undefined;
}

/**
 * What is written at questions and not sent, by the marks' ids and whose it is. It is the page's,
 * and so outlives players whose kernel is gone; each of them has a script of its own. A page that
 * is loaded anew in the same tab has it, too, and goes on from it whatever others wrote beside it.
 */
const unsent = page[KEY];

function kept(): Map<string, Written> {
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
  return [...unsent].some(([name, { text }]) => name.startsWith(own) && text.trim());
}

/** What a reader writes at questions: the same in all views of a player, which send it once. */
export class Answering {
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #playback: Playback;
  /** What is said at a mark, of what is written there. */
  #note = { id: "", text: "", of: "" };
  /** Whether an answer is on its way: what would be added now is not sent. */
  isSending = false;

  constructor(port: Port<State>, story: Story, playback: Playback, signal: AbortSignal) {
    this.#port = port;
    this.#story = story;
    this.#playback = playback;
    const learn = () => {
      for (const id of Object.keys(port.get("drafts"))) this.#learn(id);
      playback.renew();
    };
    learn();
    port.watch(["drafts"], learn, signal);
    const written = ({ detail }: Event & { detail?: Told }) => {
      if (detail?.scope !== port.get("scope")) return;
      if (detail.gone !== undefined) this.#drop(detail.gone);
      playback.renew();
    };
    window.addEventListener(NAME, written, { signal });
    window.addEventListener("pagehide", () => this.keep(), { signal });
  }

  /** What is written at a mark: here, or else elsewhere. */
  text(id: string): string {
    const own = this.#written(id);
    const text = own?.upon === undefined ? this.#elsewhere(id) : own.text;
    return text.replace(/\r\n?/g, "\n");
  }

  /** What a reader writes is in all views at once, and in the page whatever becomes of the kernel. */
  write(id: string, text: string): void {
    const upon = this.#written(id)?.upon ?? this.#elsewhere(id);
    this.#hold(id, { text, upon });
    this.#tell();
  }

  /** Tells the other side, for other pages, but takes nothing away there that was not known here. */
  keep(): void {
    const [drafts, upon] = [{ ...this.#port.get("drafts") }, { ...this.#port.get("upon") }];
    let isNew = false;
    for (const { id, answer } of this.#marks) {
      const own = this.#written(id);
      if (answer !== null || own?.upon === undefined || own.text === drafts[id]) continue;
      if ((drafts[id] ?? own.upon) !== own.upon) continue;
      [drafts[id], upon[id]] = [own.text, own.upon];
      isNew = true;
      own.upon = own.text;
    }
    if (isNew) this.#port.set({ drafts, upon });
  }

  /** What the reader is to know at a mark. */
  note({ id, answer }: Mark): string {
    const isOfThis = this.#note.id === id && this.#note.of === this.text(id);
    const said = isOfThis ? this.#note.text : "";
    return said || (answer === null ? "" : ELSEWHERE);
  }

  say(id: string, text: string): void {
    this.#note = { id, text, of: this.text(id) };
    this.#playback.renew();
  }

  /** Sends what is expected, with nothing to skip the question; returns whether it was taken. */
  async send(mark: Mark, text: string): Promise<boolean> {
    if (this.isSending) return false;
    const { id } = mark;
    this.keep();
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
    return answer === null || this.#written(id)?.upon !== undefined;
  }

  /** Whether something is written here at a question: then nobody leads the reader away. */
  holds({ id }: Mark): boolean {
    const own = this.#written(id);
    return own?.upon !== undefined && own.text.trim() !== "";
  }

  /** Forgets what was written at questions that are answered by now, but what is not in that. */
  clear(): void {
    for (const mark of this.#marks) {
      const own = this.#written(mark.id);
      const isThere = own !== undefined || mark.id in this.#port.get("drafts");
      const isLeft = this.holds(mark) && own?.text.trim() !== mark.answer;
      if (isThere && mark.answer !== null && !isLeft) this.#forget(mark.id);
    }
  }

  get #marks(): Mark[] {
    return this.#story.chapters.flatMap(({ marks }) => marks);
  }

  /** Only what somebody wrote knowing of what is written here takes its place. */
  #learn(id: string): void {
    const own = this.#written(id);
    const { [id]: text = "" } = this.#port.get("drafts");
    if (own?.upon === undefined) this.#hold(id, { text });
    else if (text === own.text) own.upon = text;
    else if (text !== own.upon && this.#port.get("upon")[id] === own.text) this.#hold(id, { text });
  }

  #written(id: string): Written | undefined {
    return unsent.get(nameOf(this.#port, id));
  }

  /** What the other side has, or had before its kernel was another one. */
  #elsewhere(id: string): string {
    return this.#port.get("drafts")[id] ?? this.#written(id)?.text ?? "";
  }

  #hold(id: string, written: Written): void {
    unsent.set(nameOf(this.#port, id), written);
    keepUnsent();
  }

  #forget(id: string): void {
    unsent.delete(nameOf(this.#port, id));
    keepUnsent();
    this.#tell(id);
  }

  /** Tells all players of the page that are asked the same, of other kernels, too. */
  #tell(gone?: string): void {
    const detail: Told = { scope: this.#port.get("scope"), gone };
    window.dispatchEvent(new CustomEvent(NAME, { detail }));
  }

  #drop(id: string): void {
    const { [id]: draft, ...drafts } = this.#port.get("drafts");
    const { [id]: _, ...upon } = this.#port.get("upon");
    if (draft !== undefined) this.#port.set({ drafts, upon });
  }
}
