import { Timeline } from "../live/timeline";
import { atEnd, make, on } from "../shared/dom";
import { isPending, mergeMarks, passed } from "./merge_marks";
import type { PagePort, Recorded } from "./page_port";
import { isItem } from "./playback";
import type { Chapter, Step } from "./wire";

/** More items than this are not printed: a browser takes minutes to part them into pages. */
const MOST_ITEMS = 4000;
/** Turns that are read without a pause. */
const TOGETHER = 10;

/**
 * Prints all that may be seen, not only what is drawn. That is made at once, when nothing
 * can be waited for: it is read before.
 */
export class PrintedScenes {
  readonly #port: PagePort;
  readonly #recorded: Recorded;
  readonly #turns: Step[][] = [];
  #isReading = true;

  constructor(el: HTMLElement, port: PagePort, recorded: Recorded, signal: AbortSignal) {
    this.#port = port;
    this.#recorded = recorded;
    const drop = () => el.querySelector(".dari-printed")?.remove();
    const draw = () => {
      drop();
      el.append(this.#drawn());
    };
    on(window, "beforeprint", draw, signal);
    on(window, "afterprint", drop, signal);
    atEnd(signal, drop);
  }

  /** Reads what can be printed, and leaves the page time for the reader. */
  async read(): Promise<void> {
    const { chapters, steps } = this.#recorded;
    let items = 0;
    for (const number of chapters.keys()) {
      const turn = await steps(number);
      items += turn.filter(isItem).length;
      if (items > MOST_ITEMS) break;
      this.#turns.push(turn);
      if (number % TOGETHER === 0) await new Promise((go) => setTimeout(go));
    }
    this.#isReading = false;
  }

  #drawn(): HTMLElement {
    const chapters = this.#port.chapters();
    const printed = chapters.slice(0, this.#turns.length);
    const scenes = printed.map((chapter, number) => scene(chapter, this.#turns[number] ?? []));
    const all = make("div", "dari-printed", {}, ...scenes);
    const last = chapters.at(-1)?.marks.at(-1);
    if (printed.length < chapters.length) {
      const why = this.#isReading
        ? "the rest is still being read. Print again."
        : "the rest is too long to be printed with it.";
      const text = `Printed up to turn ${printed.length} of ${this.#recorded.whole.turns}: ${why}`;
      all.append(make("p", "dari-passed", {}, text));
    } else if (last?.ask && last.answer === null) all.append(passed(last));
    return all;
  }
}

function scene({ part, marks, steps }: Chapter, all: Step[]): HTMLElement {
  const timeline = new Timeline();
  timeline.apply(mergeMarks(all.slice(0, steps), marks).flatMap(({ changes }) => changes));
  const items = timeline.fragments().filter((item) => !isPending(item));
  const turn = make("article", "dari-turn");
  turn.innerHTML = items.map(({ html }) => html).join("");
  const title = part ? [make("p", "dari-part", {}, part)] : [];
  return make("section", "dari-scene", {}, ...title, turn);
}
