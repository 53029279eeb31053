import { on } from "./dom";

/** What a reader opened or closed outlives the next version of the item. */
export class Folds {
  readonly #chosen = new Map<string, Map<number, boolean>>();
  #all: boolean | undefined;

  /** Remembers clicks on summaries below `root`, in items that have `data-item`. */
  watch(root: HTMLElement, signal: AbortSignal): void {
    on(root, "click", (event) => this.#remember(event), signal, { capture: true });
  }

  forget(id: string): void {
    this.#chosen.delete(id);
  }

  /** An answer goes on with what the reader chose in its draft. */
  rename(id: string, next: string): void {
    const chosen = this.#chosen.get(id);
    this.#chosen.delete(id);
    if (chosen) this.#chosen.set(next, chosen);
  }

  /** Opens or closes all items, those that come later too; single choices count from then on. */
  setAll(open: boolean): void {
    this.#all = open;
    this.#chosen.clear();
  }

  /** Brings an item that was just made to what the reader chose. */
  apply(id: string, item: HTMLElement): void {
    const all = foldsIn(item);
    if (this.#all !== undefined) for (const fold of all) fold.open = this.#all;
    for (const [index, open] of this.#chosen.get(id) ?? []) {
      const fold = all[index];
      if (fold) fold.open = open;
    }
  }

  #remember(event: Event): void {
    const target = event.target as Element;
    const fold = target.closest("summary")?.parentElement;
    const item = target.closest<HTMLElement>("[data-item]");
    if (!(fold instanceof HTMLDetailsElement) || !item?.dataset.item) return;
    const choices = this.#chosen.get(item.dataset.item) ?? new Map<number, boolean>();
    this.#chosen.set(item.dataset.item, choices.set(foldsIn(item).indexOf(fold), !fold.open));
  }
}

/** The folds of an item, itself among them where it is one. */
export function foldsIn(item: HTMLElement): HTMLDetailsElement[] {
  const inner = [...item.querySelectorAll("details")];
  return item instanceof HTMLDetailsElement ? [item, ...inner] : inner;
}
