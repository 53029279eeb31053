import { keepKeysOn } from "../host/border";
import { atEnd, focusOn, on } from "./dom";
import { foldsIn } from "./folds";
import { isAnswer } from "./grow";
import { itemAt, wayTo } from "./order";
import { scrollTo, topOf } from "./scrolling";

/** What words stand in. */
const BLOCK = "p, pre, li, table, h3, h4, h5, h6, blockquote, div";
const STATIC = ".dari:not(.dari-view)";
/** Room that static output may leave where a view had its tools, so that what is read stays. */
const MOST_GAP_PX = 200;
/** What was there for less than this nobody has begun to read. */
const READ_MS = 2000;
/** The reader does something by themselves: from then on the place is theirs. */
const ACTS = ["pointerdown", "keydown", "wheel"] as const;

/** Finds what stands in static output for the items of a view; what has no place there is undefined. */
export type Pair = (items: HTMLElement[], staticOutput: HTMLElement) => (HTMLElement | undefined)[];

/** One end of what is marked: a node, and how far in it. */
type End = readonly [Node, number];

/** Where the reader is in a view, so that static output which takes its place opens there. */
export class Place {
  readonly #el: HTMLElement;
  readonly #log: HTMLElement;
  readonly #pair: Pair;
  #item: HTMLElement | undefined;
  /** Which child of which leads to what is read in an item that is larger than what is seen. */
  #way: number[] = [];
  #top = 0;
  /** What is around the view, innermost first, and where each began. */
  #around: [Element, number][] = [];
  #watched: Element | undefined;
  #focus: HTMLElement | undefined;
  #marked: readonly End[] = [];
  /** What has taken its place; front ends may draw it more than once. */
  #staticOutput: HTMLElement | undefined;
  readonly #changes = new MutationObserver(() => this.#changed());
  readonly #over = new AbortController();
  readonly #began = performance.now();

  /**
   * @param el The view.
   * @param log What scrolls in it; its items have `data-item`.
   * @param pair Finds them in static output.
   * @param signal Aborts when the view goes.
   */
  constructor(el: HTMLElement, log: HTMLElement, pair: Pair, signal: AbortSignal) {
    this.#el = el;
    this.#pair = pair;
    this.#log = log;
    atEnd(this.#over.signal, () => this.#changes.disconnect());
    const note = () => this.#note();
    const sizes = new ResizeObserver(note);
    for (const box of [log, ...log.children]) sizes.observe(box);
    on(document, "scroll", note, signal, { capture: true, passive: true });
    const entered = ({ target }: Event) => {
      this.#focus = target as HTMLElement;
    };
    // A browser tells of a focus that goes with its element, too: that one is to come back.
    const left = () => {
      if (!this.#isGone) this.#focus = undefined;
    };
    on(el, "focusin", entered, signal);
    on(el, "focusout", () => queueMicrotask(left), signal);
    const over = this.#over.signal;
    on(document, "selectionchange", () => this.#mark(), over);
    const acted = (event: Event) => this.#acted(event);
    for (const act of ACTS) on(document, act, acted, over, { capture: true });
    atEnd(signal, () => sizes.disconnect());
  }

  /** Looks up what is read: the item in the middle of what is seen, or what of it is there. */
  #note(): void {
    if (this.#isGone) return;
    const { top, bottom } = this.#log.getBoundingClientRect();
    const [first, last] = [Math.max(top, 0), Math.min(bottom, innerHeight)];
    const middle = (first + last) / 2;
    const item = first < last ? (itemAt(this.#log, middle) ?? this.#items.at(-1)) : undefined;
    this.#item = item;
    this.#way = item && isAnswer(item) ? wayTo(item, middle, last - first) : [];
    this.#top = item ? topOf(follow(item, this.#way)) : 0;
    this.#around = [];
    for (let box = this.#el.parentElement; box; box = box.parentElement) {
      this.#around.push([box, topOf(box)]);
    }
    this.#watch();
  }

  /** The view goes with a child of something around it, and static output comes at the same moment. */
  #watch(): void {
    const [parent] = this.#around[0] ?? [];
    if (this.#watched === parent) return;
    this.#watched = parent;
    this.#changes.disconnect();
    for (const [box] of this.#around) this.#changes.observe(box, { childList: true });
  }

  get #isGone(): boolean {
    return !this.#el.isConnected;
  }

  get #items(): HTMLElement[] {
    return [...this.#log.querySelectorAll<HTMLElement>("[data-item]")];
  }

  /** Takes notice of what the reader marks, as to copy it. */
  #mark(): void {
    if (this.#isGone) return;
    const now = getSelection();
    const ends: [Node | null, number][] =
      now && !now.isCollapsed
        ? [
            [now.anchorNode, now.anchorOffset],
            [now.focusNode, now.focusOffset],
          ]
        : [];
    this.#marked = ends.every(([node]) => this.#log.contains(node)) ? (ends as End[]) : [];
  }

  #changed(): void {
    if (!this.#isGone) return;
    const ground = this.#around.find(([box]) => box.isConnected);
    if (!ground) return;
    const [box, top] = ground;
    const staticOutput = box.querySelector<HTMLElement>(STATIC) ?? undefined;
    const isOther =
      staticOutput &&
      this.#staticOutput &&
      staticOutput.textContent !== this.#staticOutput.textContent;
    if (isOther || (!staticOutput && box.querySelector(".dari-view"))) {
      this.#over.abort();
      return;
    }
    if (staticOutput && staticOutput !== this.#staticOutput) {
      this.#staticOutput = staticOutput;
      this.#restore(staticOutput, topOf(box) - top);
    }
    this.#changes.observe(box, { childList: true, subtree: true });
  }

  /** Whoever still writes where the view was goes nowhere by that. */
  #acted(event: Event): void {
    const isLetter = event instanceof KeyboardEvent && /^\S$/.test(event.key);
    if (this.#isGone && !isLetter) this.#over.abort();
  }

  #restore(staticOutput: HTMLElement, moved: number): void {
    const before = this.#items;
    const after = this.#pair(before, staticOutput);
    for (const [index, item] of before.entries()) openAlike(item, after[index]);
    // Calls stood one by one in the view.
    for (const work of staticOutput.querySelectorAll<HTMLDetailsElement>(".dari-work"))
      work.open = true;
    const item = this.#item && this.#inStaticOutput(this.#item, before, after);
    if (item) {
      openAround(item, staticOutput);
      scrollTo(item, this.#top + moved);
      if (performance.now() - this.#began > READ_MS)
        moveDown(item, this.#top + moved, staticOutput);
    }
    const [from, to] = this.#marked.map((end) => inStaticOutput(end, before, after));
    if (from && to) getSelection()?.setBaseAndExtent(...from, ...to);
    if (this.#focus && !document.activeElement?.closest(".dari"))
      this.#refocus(staticOutput, before, after);
  }

  /** What stands in static output for what was read. */
  #inStaticOutput(
    item: HTMLElement,
    before: HTMLElement[],
    after: (HTMLElement | undefined)[],
  ): HTMLElement | undefined {
    const whole = after[before.indexOf(item)];
    const [text] = this.#way.length > 0 ? textsIn(follow(item, this.#way)) : [];
    const words = text && inStaticOutput([text, 0], before, after)?.[0];
    const block = words?.parentElement?.closest<HTMLElement>(BLOCK);
    return block && whole?.contains(block) ? block : whole;
  }

  #refocus(
    staticOutput: HTMLElement,
    before: HTMLElement[],
    after: (HTMLElement | undefined)[],
  ): void {
    const index = before.findIndex((item) => item.contains(this.#focus as HTMLElement));
    const summary = this.#focus?.matches("summary") ? after[index]?.querySelector("summary") : null;
    const target = summary ?? staticOutput.querySelector<HTMLElement>(".dari-tall") ?? staticOutput;
    if (target !== summary) target.tabIndex = -1;
    focusOn(target);
    keepKeysOn(staticOutput);
  }
}

/** Goes from an element to one in it. */
function follow(element: HTMLElement, way: number[]): HTMLElement {
  return way.reduce((box, place) => (box.children[place] as HTMLElement) ?? box, element);
}

/** The same place in static output, counted from the end of its item: what stands above it may differ. */
function inStaticOutput(
  [node, offset]: End,
  before: HTMLElement[],
  after: (HTMLElement | undefined)[],
): End | undefined {
  const index = before.findIndex((item) => item.contains(node));
  const [item, staticOutput] = [before[index], after[index]];
  if (!item || !staticOutput) return undefined;
  const rest = document.createRange();
  rest.setStart(node, offset);
  rest.setEnd(item, item.childNodes.length);
  let left = rest.toString().length;
  for (const text of textsIn(staticOutput).reverse()) {
    if (left <= text.length) return [text, text.length - left];
    left -= text.length;
  }
  return undefined;
}

function textsIn(element: HTMLElement): Text[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  return texts;
}

function openAround(item: HTMLElement, staticOutput: HTMLElement): void {
  for (let box = item.parentElement; box && box !== staticOutput; box = box.parentElement) {
    if (box instanceof HTMLDetailsElement) box.open = true;
  }
}

/**
 * Where nothing scrolls, the part of static output with the item comes down to where it was. The room above
 * it closes when the reader goes on: what moves then is theirs.
 */
function moveDown(item: HTMLElement, top: number, staticOutput: HTMLElement): void {
  const gap = top - topOf(item);
  const part = [...staticOutput.children].find((child) => child.contains(item)) as HTMLElement;
  if (gap < 1 || gap > MOST_GAP_PX) return;
  part.style.marginTop = `${parseFloat(getComputedStyle(part).marginTop) + gap}px`;
  const close = () => {
    const now = topOf(item);
    part.style.marginTop = "";
    scrollTo(item, now);
  };
  document.addEventListener("wheel", close, { once: true, passive: true });
}

/** What the reader opened in one is open in the other, in static output or in a newer form of it. */
export function openAlike(item: HTMLElement, other: HTMLElement | undefined): void {
  const [from, to] = [foldsIn(item), other ? foldsIn(other) : []];
  if (from.length !== to.length) return;
  for (const [index, fold] of from.entries()) (to[index] as HTMLDetailsElement).open = fold.open;
}
