import { atEnd, focused, focusOn, make } from "../shared/dom";
import { Folds } from "../shared/folds";
import { isAnswer, markEnd, morph } from "../shared/grow";
import type { Placed } from "./timeline";

/** Milliseconds of DOM work before the browser gets a frame to itself. */
const BUDGET_MS = 12;
/** With a long queue fewer and longer frames get through sooner, still without a stall to feel. */
const LONG_QUEUE = 500;
const LONG_BUDGET_MS = 32;
/**
 * So many items of a turn stand in its article itself. The rest goes into chunks of that size, which
 * are not laid out while they are out of sight: the browser watches each such box in every frame, so
 * one for each item would cost more than it saves.
 */
const CHUNK = 100;
/** From so many turns on, those out of sight are not laid out either. */
const MANY_TURNS = 100;

/** Runs a change that tells whether there is more to come, minding where the reader is. */
type Around = (change: () => boolean) => void;

/** The items as elements, each in the article of its turn. */
export class TurnList {
  readonly #root: HTMLElement;
  readonly #around: Around;
  readonly #items = new Map<string, HTMLElement>();
  readonly #turns = new Map<string, HTMLElement>();
  readonly #folds = new Folds();
  #queue: Placed[] = [];
  #frame = 0;

  /**
   * @param root Element that gets one article for each turn.
   * @param around Runs each change of the DOM.
   * @param signal Ends the work.
   */
  constructor(root: HTMLElement, around: Around, signal: AbortSignal) {
    this.#root = root;
    this.#around = around;
    this.#folds.watch(root, signal);
    atEnd(signal, () => cancelAnimationFrame(this.#frame));
  }

  /** Puts changes in place: now if they are few, else over the next frames. */
  add(changes: Placed[]): void {
    for (const change of changes) this.#queue.push(change);
    if (this.#frame === 0 && this.#queue.length > 0) this.#work();
  }

  #work(): void {
    this.#frame = 0;
    this.#around(() => {
      const budget = this.#queue.length > LONG_QUEUE ? LONG_BUDGET_MS : BUDGET_MS;
      const end = performance.now() + budget;
      let done = 0;
      do this.#put(this.#queue[done++] as Placed);
      while (done < this.#queue.length && performance.now() < end);
      this.#queue = this.#queue.slice(done);
      this.#root.classList.toggle("dari-many", this.#turns.size > MANY_TURNS);
      return this.#queue.length > 0;
    });
    if (this.#queue.length > 0) this.#frame = requestAnimationFrame(() => this.#work());
  }

  #put(change: Placed): void {
    const old = this.#items.get(change.of ?? change.id);
    if (change.html === null) {
      this.#remove(change.id, old);
      return;
    }
    const element = elementOf(change.html);
    element.dataset.item = change.id;
    if (change.of) {
      this.#items.delete(change.of);
      this.#folds.rename(change.of, change.id);
    }
    if (old && isAnswer(old) && isAnswer(element) && this.#isInPlace(old, change)) {
      this.#folds.apply(change.id, element);
      morph(old, element);
      markEnd(old);
      this.#items.set(change.id, old);
      return;
    }
    if (change.since !== null) element.dataset.since = String(change.since);
    this.#folds.apply(change.id, element);
    if (isAnswer(element)) markEnd(element);
    const hadFocus = old?.contains(focused(this.#root)) ?? false;
    this.#insert(element, change, old);
    this.#items.set(change.id, element);
    if (hadFocus) focusOn(element.querySelector("summary"));
  }

  #remove(id: string, element: HTMLElement | undefined): void {
    this.#items.delete(id);
    this.#folds.forget(id);
    let parent = element?.parentElement;
    element?.remove();
    while (parent && parent !== this.#root && parent.childElementCount === 0) {
      const empty = parent;
      parent = empty.parentElement;
      empty.remove();
      this.#turns.delete(empty.dataset.turn ?? "");
    }
  }

  #insert(element: HTMLElement, change: Placed, old: HTMLElement | undefined): void {
    if (old && this.#isInPlace(old, change)) {
      old.replaceWith(element);
      return;
    }
    const article = this.#article(change);
    const last = this.#lastIn(article, change);
    old?.remove();
    if (last) insertAfter(last, element);
    else article.prepend(element);
  }

  #before(change: Placed): HTMLElement | undefined {
    return change.after === null ? undefined : this.#items.get(change.after);
  }

  /** What a change is to stand behind in its article; undefined where it begins that. */
  #lastIn(article: HTMLElement, change: Placed): HTMLElement | undefined {
    const before = this.#before(change);
    return before && article.contains(before) ? before : undefined;
  }

  /** Whether an element stands where the change wants it. */
  #isInPlace(element: HTMLElement, change: Placed): boolean {
    const article = this.#turns.get(change.turn);
    return !!article?.contains(element) && itemBefore(element) === this.#lastIn(article, change);
  }

  #article(change: Placed): HTMLElement {
    const { turn } = change;
    const known = this.#turns.get(turn);
    if (known) return known;
    const article = make("article", "dari-turn", { "data-turn": turn });
    const before = this.#before(change);
    if (before) before.closest("article")?.after(article);
    else this.#root.prepend(article);
    this.#turns.set(turn, article);
    return article;
  }
}

/** Keeps boxes small: what would follow the last item of a full one begins the next. */
function insertAfter(last: HTMLElement, element: HTMLElement): void {
  const box = last.parentElement as HTMLElement;
  const next = last.nextElementSibling;
  const isLast = next === null || isChunk(next);
  if (!isLast || box.childElementCount < CHUNK) {
    last.after(element);
    return;
  }
  (isChunk(box) ? box : last).after(make("section", "dari-chunk", {}, element));
}

/** The item before this one in its article. */
function itemBefore(element: HTMLElement): Element | undefined {
  const previous = element.previousElementSibling;
  if (previous) return isChunk(previous) ? (previous.lastElementChild ?? undefined) : previous;
  const box = element.parentElement as HTMLElement;
  if (!isChunk(box)) return undefined;
  const before = box.previousElementSibling;
  return (before && isChunk(before) ? before.lastElementChild : before) ?? undefined;
}

function isChunk(element: Element): boolean {
  return element.classList.contains("dari-chunk");
}

const template = document.createElement("template");

/** A template runs and loads nothing; what the fragment may hold was decided in Python. */
function elementOf(html: string): HTMLElement {
  template.innerHTML = html;
  const element = template.content.firstElementChild;
  return element instanceof HTMLElement ? element : make("div", "");
}
