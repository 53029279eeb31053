import { Timeline } from "../live/timeline";
import { TurnList } from "../live/turns";
import { make } from "../shared/dom";
import type { Step } from "./wire";

/** So many steps are shown one after another; of more only what they lead to. */
const FEW = 3;

/** A turn on the page, after some of its steps. */
export class Scene {
  readonly element: HTMLElement;
  readonly #around: (change: () => boolean) => void;
  readonly #turn = make("div", "");
  #timeline = new Timeline();
  #over = new AbortController();
  #shown = 0;
  #steps: Step[] = [];

  /**
   * @param title What stands above it; empty for nothing.
   * @param around Runs each change of the page.
   */
  constructor(title: string, around: (change: () => boolean) => void) {
    this.#around = around;
    this.element = make("section", "dari-scene");
    if (title) this.element.append(make("p", "dari-part", {}, title));
    this.element.append(this.#turn);
    this.#subscribe();
  }

  /** Whether nothing of it is drawn. */
  get isEmpty(): boolean {
    return this.#shown === 0;
  }

  /** Shows the turn as it is after so many of its steps. */
  show(steps: Step[], count: number): void {
    const isSame = steps === this.#steps;
    const [from, to] = [isSame ? this.#shown : 0, Math.min(count, steps.length)];
    this.#steps = steps;
    this.#shown = to;
    if (isSame && from <= to && to - from <= FEW) {
      for (const { changes } of steps.slice(from, to))
        if (changes.length > 0) this.#timeline.apply(changes);
      return;
    }
    const other = new Timeline();
    const isOn = 0 < from && from < to;
    if (isOn) other.apply(this.#timeline.fragments());
    other.apply(steps.slice(isOn ? from : 0, to).flatMap(({ changes }) => changes));
    this.#timeline.replace(other.fragments());
  }

  /** Draws nothing of it any more, and keeps its room. */
  rest(): void {
    if (this.isEmpty) return;
    this.element.style.minHeight = `${this.element.offsetHeight}px`;
    this.close();
    this.#turn.replaceChildren();
    this.#shown = 0;
    this.#timeline = new Timeline();
    this.#over = new AbortController();
    this.#subscribe();
  }

  /** Ends what is still to be drawn. */
  close(): void {
    this.#over.abort();
  }

  #subscribe(): void {
    const { signal } = this.#over;
    const list = new TurnList(this.#turn, this.#around, signal);
    this.#timeline.subscribe((changes) => list.add(changes), signal);
  }
}
