import { atEnd, on } from "../shared/dom";
import { Heights } from "./heights";

/** Screens that are drawn above and below what is seen. */
const BEYOND = 1;
/** Closer to the end than this counts as being there. */
const SLACK_PX = 24;

/** What a viewport shows. */
export interface Content {
  count: number;
  /** Stands for a row whatever place it has. */
  id(place: number): string;
  /** What stood there in another form before and is no more, if anything did. */
  before(place: number): string | undefined;
  /** A guess, as long as a row was never drawn. */
  guess(place: number): number;
  /** Fills the row's element, or brings it up to date. */
  draw(element: HTMLElement, place: number): void;
  /** Told of an element that is taken away. */
  gone(element: HTMLElement): void;
  /** Told the range that is drawn. */
  drawn(first: number, last: number): void;
}

/** Any number of rows of any height in a box that scrolls: only those near to it are there. */
export class Viewport {
  readonly #box: HTMLElement;
  readonly #canvas = document.createElement("div");
  readonly #content: Content;
  readonly #elements = new Map<string, HTMLElement>();
  readonly #measured = new Map<string, number>();
  readonly #sizes: ResizeObserver;
  #heights = new Heights([]);
  #frame = 0;
  #atEnd = false;
  #top = 0;
  #width = 0;
  /** The row that was asked for: until the reader scrolls, it stays where it is. */
  #kept = "";

  constructor(box: HTMLElement, content: Content, signal: AbortSignal) {
    this.#box = box;
    this.#content = content;
    this.#canvas.className = "dari-canvas";
    box.append(this.#canvas);
    on(box, "scroll", () => this.#scrolled(), signal, { passive: true });
    for (const act of ["wheel", "pointerdown", "touchmove", "keydown"] as const) {
      on(box, act, () => this.#letGo(), signal, { passive: true });
    }
    this.#sizes = new ResizeObserver((entries) => this.#resized(entries));
    this.#sizes.observe(box);
    atEnd(signal, () => {
      this.#sizes.disconnect();
      cancelAnimationFrame(this.#frame);
    });
  }

  /** Takes the content anew; the row that is seen first stays where it is. */
  reset(): void {
    const anchor = this.#anchor();
    const heights = Array.from({ length: this.#content.count }, (_, place) => {
      return this.#measured.get(this.#content.id(place)) ?? this.#content.guess(place);
    });
    this.#heights = new Heights(heights);
    this.#restore(anchor);
    this.draw();
  }

  /** Whether the end is in sight, and what comes there is followed. */
  get followsEnd(): boolean {
    return this.#atEnd;
  }

  /** The place at the upper edge. */
  get first(): number {
    return this.#heights.at(this.#box.scrollTop + 1);
  }

  element(id: string): HTMLElement | undefined {
    return this.#elements.get(id);
  }

  /** Scrolls as little as needed to show a row; `block` says where to put it otherwise. */
  reveal(place: number, block: "start" | "nearest" | "end" = "nearest"): void {
    const top = this.#heights.top(place);
    const bottom = top + this.#heights.of(place);
    const { scrollTop, clientHeight } = this.#box;
    const above = block === "start" || top < scrollTop || bottom - top > clientHeight;
    if (block === "end") this.#box.scrollTop = bottom;
    else if (above) this.#box.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.#box.scrollTop = bottom - clientHeight;
    this.#atEnd = this.#isAtEnd();
    this.#kept = this.#content.id(place);
    this.draw();
  }

  /** Scrolls so that a row begins so far below the upper edge. */
  put(place: number, below: number): void {
    this.#atEnd = false;
    this.#kept = this.#content.id(place);
    this.#canvas.style.height = `${this.#heights.total}px`;
    this.#box.scrollTop = this.#heights.top(place) - below;
    this.draw();
  }

  #letGo(): void {
    this.#kept = "";
  }

  /** Goes to the beginning, whatever comes. */
  toStart(): void {
    this.#atEnd = false;
    this.#kept = "";
    this.#box.scrollTop = 0;
  }

  toEnd(): void {
    this.#atEnd = true;
    this.#box.scrollTop = this.#heights.total;
    this.draw();
  }

  /** Draws what is near to what is seen, and takes the rest away. */
  draw(): void {
    const { scrollTop, clientHeight } = this.#box;
    const beyond = Math.max(clientHeight, 200) * BEYOND;
    const first = this.#heights.at(scrollTop - beyond);
    const last = this.#heights.at(scrollTop + clientHeight + beyond);
    const count = this.#content.count;
    const kept = new Set<string>();
    for (let place = first; place <= last && place < count; place++) kept.add(this.#put(place));
    for (const [id, element] of this.#elements) if (!kept.has(id)) this.#remove(id, element);
    this.#canvas.style.height = `${this.#heights.total}px`;
    if (count > 0) this.#content.drawn(first, Math.min(last, count - 1));
  }

  #put(place: number): string {
    const id = this.#content.id(place);
    let element = this.#elements.get(id) ?? this.#adopted(id, this.#content.before(place));
    if (!element) {
      element = document.createElement("article");
      element.className = "dari-row";
      element.tabIndex = -1;
      this.#elements.set(id, element);
    }
    element.dataset.place = String(place);
    element.style.transform = `translateY(${this.#heights.top(place)}px)`;
    this.#content.draw(element, place);
    if (!element.isConnected) {
      this.#canvas.insertBefore(element, this.#after(place));
      // Its padding counts, too: the first row of a turn has more of it.
      this.#sizes.observe(element, { box: "border-box" });
    }
    return id;
  }

  /** An answer goes on in the element of its draft, so that nothing in it moves. */
  #adopted(id: string, before: string | undefined): HTMLElement | undefined {
    const element = this.#elements.get(before ?? "");
    if (!element || before === undefined) return undefined;
    this.#elements.delete(before);
    this.#elements.set(id, element);
    return element;
  }

  /** Rows stand in the document in their order, for whoever goes through it without eyes. */
  #after(place: number): Element | null {
    for (const element of this.#canvas.children) {
      if (Number((element as HTMLElement).dataset.place) > place) return element;
    }
    return null;
  }

  #remove(id: string, element: HTMLElement): void {
    this.#sizes.unobserve(element);
    element.remove();
    this.#content.gone(element);
    this.#elements.delete(id);
  }

  #resized(entries: ResizeObserverEntry[]): void {
    const anchor = this.#anchor();
    const width = this.#box.clientWidth;
    // In another width every height is another one; those seen are measured again right away.
    if (width !== this.#width) this.#measured.clear();
    this.#width = width;
    for (const { target } of entries) {
      const element = target as HTMLElement;
      const place = Number(element.dataset.place);
      const height = element.offsetHeight;
      if (element === this.#box || !element.isConnected || height === 0) continue;
      this.#measured.set(this.#content.id(place), height);
      this.#heights.set(place, height);
    }
    this.#restore(anchor);
    this.#soon();
  }

  #anchor(): { id: string; within: number } | undefined {
    if (this.#atEnd || this.#heights.count === 0) return undefined;
    const kept = this.#elements.get(this.#kept);
    const place = kept ? Number(kept.dataset.place) : this.first;
    const within = this.#box.scrollTop - this.#heights.top(place);
    const element = [...this.#elements].find(([, e]) => Number(e.dataset.place) === place);
    return element && { id: element[0], within };
  }

  #restore(anchor: { id: string; within: number } | undefined): void {
    this.#canvas.style.height = `${this.#heights.total}px`;
    if (this.#atEnd) {
      this.#box.scrollTop = this.#heights.total;
    } else if (anchor) {
      const place = this.#placeOf(anchor.id);
      if (place !== undefined) this.#box.scrollTop = this.#heights.top(place) + anchor.within;
    }
    this.#top = this.#box.scrollTop;
  }

  #placeOf(id: string): number | undefined {
    const before = Number(this.#elements.get(id)?.dataset.place);
    if (before < this.#content.count && this.#content.id(before) === id) return before;
    for (let place = 0; place < this.#content.count; place++) {
      if (this.#content.id(place) === id) return place;
    }
    return undefined;
  }

  #scrolled(): void {
    const top = this.#box.scrollTop;
    if (this.#isAtEnd()) this.#atEnd = true;
    else if (top < this.#top - 1) this.#atEnd = false;
    this.#top = top;
    // A jump is drawn before it is painted, so that no empty frame is seen.
    this.draw();
  }

  #isAtEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    return scrollHeight - scrollTop - clientHeight <= SLACK_PX;
  }

  #soon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.draw());
  }
}
