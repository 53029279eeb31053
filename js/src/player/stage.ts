import { Follow } from "../live/follow";
import { atEnd, button, make } from "../shared/dom";
import type { Playback } from "./playback";
import { Scene } from "./scene";
import type { Story } from "./story";

/** So many turns are drawn at most; of others only their room is kept. */
const MOST_DRAWN = 40;
/** How far from what is seen a turn is drawn. */
const NEAR = "600px 0px";

/** The transcript up to where the reader is: turns that are out of sight are empty boxes. */
export class Stage {
  readonly log = make("div", "dari-log", {
    tabindex: "0",
    role: "log",
    "aria-label": "Transcript",
    // A whole answer read aloud at each change is noise; the line above says what happens.
    "aria-live": "off",
  });
  readonly latest: HTMLButtonElement;
  readonly #turns = make("div", "");
  readonly #story: Story;
  readonly #playback: Playback;
  readonly #scenes: Scene[] = [];
  readonly #follow: Follow;
  readonly #near = new Set<Element>();
  /** The turn that is drawn up to a place in it. */
  #at = 0;
  readonly #observer: IntersectionObserver;

  constructor(story: Story, playback: Playback, signal: AbortSignal) {
    this.#story = story;
    this.#playback = playback;
    this.log.append(this.#turns);
    this.latest = button("↓ latest", () => this.#follow.latest(), signal, { class: "dari-latest" });
    this.latest.hidden = true;
    const left = (following: boolean) => {
      this.latest.hidden = following;
    };
    this.#follow = new Follow(this.log, this.#turns, left, signal);
    const options = { root: this.log, rootMargin: NEAR };
    this.#observer = new IntersectionObserver((seen) => this.#seen(seen), options);
    atEnd(signal, () => {
      this.#observer.disconnect();
      for (const scene of this.#scenes) scene.close();
    });
  }

  /**
   * Shows what is to be seen at the place where the reader is.
   *
   * @param isLed Whether the reader wants to see the last of it, wherever they looked before.
   */
  show(isLed: boolean): void {
    const { chapter } = this.#playback.place;
    const { nothing } = this.#story.whole;
    if (nothing) this.#turns.textContent = nothing;
    const count = Math.min(chapter + 1, this.#story.chapters.length);
    const isFar = Math.abs(count - this.#scenes.length) > 1;
    for (const scene of this.#scenes.splice(count)) {
      this.#observer.unobserve(scene.element);
      this.#near.delete(scene.element);
      scene.close();
      scene.element.remove();
    }
    const left = this.#at;
    this.#at = chapter;
    if (left !== chapter && this.#scenes[left]?.isEmpty === false) this.#draw(left);
    while (this.#scenes.length < count) this.#add();
    if (count > chapter) this.#draw(chapter);
    this.#rest();
    if (isFar || isLed) this.#follow.latest();
  }

  #add(): void {
    const part = this.#story.chapters[this.#scenes.length]?.part ?? "";
    const scene = new Scene(part, this.#follow.around);
    this.#scenes.push(scene);
    this.#turns.append(scene.element);
    this.#observer.observe(scene.element);
  }

  #draw(number: number): void {
    const steps = this.#story.marked(number);
    const { place } = this.#playback;
    const count = number === place.chapter ? place.steps : Number.POSITIVE_INFINITY;
    // With what is seen before the first.
    if (steps) this.#scenes[number]?.show(steps, count + 1);
    else
      void this.#story.steps(number).then(
        () => this.#drawLate(number),
        () => undefined,
      );
  }

  /** By now the reader may be elsewhere. */
  #drawLate(number: number): void {
    if (number < this.#scenes.length && this.#story.stepsHere(number)) this.#draw(number);
  }

  #seen(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#near.add(target);
      else this.#near.delete(target);
    }
    for (const [number, { element, isEmpty }] of this.#scenes.entries()) {
      if (isEmpty && this.#near.has(element)) this.#draw(number);
    }
  }

  #rest(): void {
    const { chapter } = this.#playback.place;
    let drawn = this.#scenes.filter((scene) => !scene.isEmpty).length;
    for (const [number, scene] of this.#scenes.entries()) {
      if (drawn <= MOST_DRAWN) return;
      if (scene.isEmpty || number >= chapter || this.#near.has(scene.element)) continue;
      scene.rest();
      drawn--;
    }
  }
}
