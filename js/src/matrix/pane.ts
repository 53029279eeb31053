import { Timeline } from "../live/timeline";
import { TurnList } from "../live/turns";
import { atEnd, focusOn, make, setAttributes } from "../shared/dom";
import { morph } from "../shared/grow";
import { openAlike } from "../shared/place";
import { PATIENCE_MS, SILENT } from "../shared/silence";
import { fill, find, put, setText } from "./parts";
import type { Cell, Opened } from "./wire";

/** What is beside the matrix or below it: a transcript, or cells compared. */
export class Pane {
  readonly element: HTMLElement;
  readonly #head: HTMLElement;
  readonly #repeats: HTMLElement;
  readonly #told: HTMLElement;
  readonly #log: HTMLElement;
  #closing = new AbortController();
  #timeline: Timeline | undefined;
  /** Told when something is there to be seen. */
  #appear: (() => void) | undefined;
  /** Whether there were news since what is awaited was asked for; undefined where nothing is. */
  #isStale: boolean | undefined;

  constructor(element: HTMLElement, signal: AbortSignal) {
    this.element = element;
    this.#head = find(element, "header");
    this.#repeats = find(element, ".dari-repeats");
    this.#told = find(element, ".dari-more");
    this.#log = find(element, ".dari-log");
    atEnd(signal, () => this.#closing.abort());
  }

  /**
   * Makes room for something new: as much as there was, so that what is around stays in its place.
   *
   * @param appear Called once that is there.
   */
  open(title: string, appear?: () => void): void {
    // Until it is read there is as much to scroll, too.
    for (const part of [this.#head, this.#log]) part.style.minHeight = `${part.offsetHeight}px`;
    this.close();
    this.#closing = new AbortController();
    this.#appear = appear;
    this.element.hidden = false;
    this.element.scrollTop = 0;
    this.#name(title);
  }

  focus(): void {
    focusOn(this.#log);
  }

  /** Nothing of what was open is left in the page. */
  close(): void {
    this.element.hidden = true;
    this.#name("");
    this.showRepeats([], "");
    this.#log.replaceChildren();
    this.#isStale = undefined;
    this.#closing.abort();
    this.#timeline = undefined;
  }

  #name(title: string): void {
    setText(this.#head, title);
    this.#log.setAttribute("aria-label", title);
  }

  /** Shows a transcript; one that is there already only changes where it grew. */
  show({ head, items }: Opened): void {
    const { signal } = this.#closing;
    put(this.#head, head);
    if (!this.#timeline) {
      const turns = make("div", "");
      const list = new TurnList(turns, (change) => void change(), signal);
      this.#log.replaceChildren(turns);
      this.#timeline = new Timeline();
      this.#timeline.subscribe((changes) => list.add(changes), signal);
    }
    this.#timeline.replace(items);
  }

  /** Offers the repeats at the same place, of which the matrix may show some as one. */
  showRepeats(cells: Cell[], opened: string): void {
    const line = this.#repeats;
    line.hidden = cells.length < 2;
    // The first element is the word before them.
    fill(line, cells.length + 1, () => make("button", "", { name: "repeat" }));
    for (const [place, { id, repeat }] of cells.entries()) {
      const button = line.children[place + 1] as Element;
      const pressed = `${id === opened}`;
      setAttributes(button, {
        value: id,
        "aria-label": `Repeat ${repeat}`,
        "aria-pressed": pressed,
      });
      button.textContent = `${repeat}`;
    }
  }

  /** Shows a comparison; of one that is there only what is new changes. */
  compare(html: string): void {
    const next = this.#log.cloneNode() as HTMLElement;
    next.innerHTML = html;
    openAlike(this.#log, next);
    morph(this.#log, next);
  }

  /**
   * Asks for what is open, and says so when the answer takes long. Asked anew meanwhile, it asks
   * once more when that is there: news that come fast keep nobody from seeing any of them.
   */
  async ask<Body>(
    question: () => Promise<{ body: Body }>,
    show: (body: Body) => void,
  ): Promise<void> {
    const isAwaited = this.#isStale !== undefined;
    this.#isStale = isAwaited;
    if (isAwaited) return;
    const { signal } = this.#closing;
    const say = (words: string) => {
      if (!signal.aborted) this.#told.textContent = words;
    };
    const timer = setTimeout(say, PATIENCE_MS, SILENT);
    let why = "";
    const answer = await question().catch((error: Error) => {
      why = error.message;
    });
    clearTimeout(timer);
    say(why);
    if (signal.aborted) return;
    this.#log.style.minHeight = "";
    if (answer) show(answer.body);
    this.#appear?.();
    this.#appear = undefined;
    const isStale = this.#isStale;
    this.#isStale = undefined;
    if (isStale) void this.ask(question, show);
  }
}
