import type { Fragment } from "./wire";

/** Milliseconds of DOM work before the browser gets a frame to itself. */
const BUDGET_MS = 12;
/** From here on, what is out of sight is not laid out; below, it costs more than it saves. */
const MANY = 200;

type Around = (change: () => void) => void;

/** The items as elements, each in the article of its turn. */
export class TurnList {
  readonly #root: HTMLElement;
  readonly #around: Around;
  readonly #items = new Map<string, HTMLElement>();
  readonly #turns = new Map<string, HTMLElement>();
  readonly #toggled = new Map<string, Map<number, boolean>>();
  #queue: Fragment[] = [];
  #frame = 0;

  /**
   * @param root Element that gets one article for each turn.
   * @param around Runs a change of the DOM, minding where the reader is.
   * @param signal Ends the work.
   */
  constructor(root: HTMLElement, around: Around, signal: AbortSignal) {
    this.#root = root;
    this.#around = around;
    root.addEventListener("click", (event) => this.#remember(event), { capture: true, signal });
    signal.addEventListener("abort", () => cancelAnimationFrame(this.#frame));
  }

  /** Puts changes in place: now if they are few, else over the next frames. */
  add(changes: Fragment[]): void {
    this.#queue.push(...changes);
    if (this.#frame === 0) this.#work();
  }

  get size(): number {
    return this.#items.size;
  }

  #work(): void {
    this.#frame = 0;
    this.#around(() => {
      const end = performance.now() + BUDGET_MS;
      let done = 0;
      for (const change of this.#queue) {
        this.#put(change);
        done++;
        if (performance.now() > end) break;
      }
      this.#queue = this.#queue.slice(done);
      this.#root.classList.toggle("dari-many", this.size > MANY);
    });
    if (this.#queue.length > 0) this.#frame = requestAnimationFrame(() => this.#work());
  }

  #put(change: Fragment): void {
    const old = this.#items.get(change.id);
    if (change.html === null) {
      this.#remove(change.id, old);
      return;
    }
    const element = elementOf(change.html);
    element.dataset.item = change.id;
    this.#reopen(change.id, element);
    const focused = old?.contains(activeElement(this.#root)) ?? false;
    this.#insert(element, change, old);
    this.#items.set(change.id, element);
    if (focused) element.querySelector("summary")?.focus({ preventScroll: true });
  }

  #remove(id: string, element: HTMLElement | undefined): void {
    const article = element?.parentElement;
    element?.remove();
    this.#items.delete(id);
    this.#toggled.delete(id);
    if (article && article.childElementCount === 0) {
      article.remove();
      this.#turns.delete(article.dataset.turn ?? "");
    }
  }

  #insert(element: HTMLElement, change: Fragment, old: HTMLElement | undefined): void {
    const before = change.after === null ? undefined : this.#items.get(change.after);
    const article = this.#article(change.turn, before);
    const last = before?.parentElement === article ? before : null;
    if (old?.parentElement === article && old.previousElementSibling === last) {
      old.replaceWith(element);
      return;
    }
    old?.remove();
    if (last) last.after(element);
    else article.prepend(element);
  }

  #article(turn: string, before: HTMLElement | undefined): HTMLElement {
    const known = this.#turns.get(turn);
    if (known) return known;
    const article = document.createElement("article");
    article.className = "dari-turn";
    article.dataset.turn = turn;
    if (before) before.parentElement?.after(article);
    else this.#root.prepend(article);
    this.#turns.set(turn, article);
    return article;
  }

  /** A click on a summary is the reader's own choice and outlives the next version of the item. */
  #remember(event: Event): void {
    const target = event.target as Element;
    const details = target.closest("summary")?.parentElement;
    const item = target.closest<HTMLElement>("[data-item]");
    if (!(details instanceof HTMLDetailsElement) || !item?.dataset.item) return;
    const choices = this.#toggled.get(item.dataset.item) ?? new Map<number, boolean>();
    this.#toggled.set(item.dataset.item, choices.set(folds(item).indexOf(details), !details.open));
  }

  #reopen(id: string, element: HTMLElement): void {
    const choices = this.#toggled.get(id);
    if (!choices) return;
    const all = folds(element);
    for (const [index, open] of choices) {
      const details = all[index];
      if (details) details.open = open;
    }
  }
}

function elementOf(html: string): HTMLElement {
  const template = document.createElement("template");
  template.innerHTML = html;
  const element = template.content.firstElementChild;
  return element instanceof HTMLElement ? element : document.createElement("div");
}

function folds(element: HTMLElement): HTMLDetailsElement[] {
  const inner = [...element.querySelectorAll("details")];
  return element instanceof HTMLDetailsElement ? [element, ...inner] : inner;
}

function activeElement(inside: HTMLElement): Element | null {
  const root: Node & Partial<DocumentOrShadowRoot> = inside.getRootNode();
  return root.activeElement ?? null;
}
