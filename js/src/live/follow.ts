import { atEnd, on } from "../shared/dom";
import { itemAt } from "../shared/order";
import { topOf } from "../shared/scrolling";

/** Closer to the end than this counts as being there: fractions, and one line of slack. */
const SLACK_PX = 24;

/** Follows the end of a scrolling log, but only while the reader is there. */
export class Follow {
  readonly #scroller: HTMLElement;
  readonly #changed: (following: boolean) => void;
  #following = true;
  #rushing = false;
  #top = 0;

  /**
   * @param scroller The element that scrolls.
   * @param content What is in it and grows.
   * @param changed Told whenever the reader leaves the end or comes back.
   * @param signal Ends the watch.
   */
  constructor(
    scroller: HTMLElement,
    content: HTMLElement,
    changed: (following: boolean) => void,
    signal: AbortSignal,
  ) {
    this.#scroller = scroller;
    this.#changed = changed;
    on(scroller, "scroll", () => this.#scrolled(), signal, { passive: true });
    on(content, "click", (event) => this.#clicked(event), signal);
    const sizes = new ResizeObserver(() => this.#settle());
    sizes.observe(content);
    sizes.observe(scroller);
    atEnd(signal, () => sizes.disconnect());
  }

  get following(): boolean {
    return this.#following;
  }

  /**
   * Changes the content; what the reader looks at stays where it is.
   *
   * @param change Tells whether it is only a part and more follows in the next frame. The end is
   *   then left alone until all is there: laying out each part of a rush costs more than the rush.
   */
  around = (change: () => boolean): void => {
    const anchor = this.#following || ANCHORS_ITSELF ? undefined : this.#anchor();
    this.#rushing = change();
    if (anchor) this.#restore(anchor);
    if (this.#following && !this.#rushing) this.#toEnd();
  };

  /** Goes to the end and follows it from there. */
  latest(): void {
    this.#set(true);
    this.#toEnd();
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#top = this.#scroller.scrollTop;
  }

  #settle(): void {
    if (this.#rushing) return;
    if (this.#following) this.#toEnd();
    else this.#set(this.#atEnd());
  }

  /** Only moving up leaves the end: content that grows scrolls nothing, yet fires events. */
  #scrolled(): void {
    const top = this.#scroller.scrollTop;
    if (this.#atEnd()) this.#set(true);
    else if (top < this.#top - 1) this.#set(false);
    this.#top = top;
  }

  /** What someone opens at the end must not run away from under the pointer. */
  #clicked(event: Event): void {
    if ((event.target as Element).closest("summary")) this.#set(false);
  }

  #atEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight <= SLACK_PX;
  }

  #set(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.#changed(following);
  }

  #anchor(): { id: string; top: number } | undefined {
    const item = itemAt(this.#scroller, topOf(this.#scroller));
    const id = item?.dataset.item;
    return item && id ? { id, top: topOf(item) } : undefined;
  }

  #restore(anchor: { id: string; top: number }): void {
    const item = this.#scroller.querySelector(`[data-item="${CSS.escape(anchor.id)}"]`);
    if (item) this.#scroller.scrollTop += topOf(item) - anchor.top;
    this.#top = this.#scroller.scrollTop;
  }
}

/** Safari is the one that does not keep the place by itself. */
const ANCHORS_ITSELF = globalThis.CSS?.supports?.("overflow-anchor", "auto") ?? false;
