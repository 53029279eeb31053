import type { Fragment } from "./wire";

type Listener = (changes: Fragment[]) => void;

/** The items of one model in display order, from which any number of views is drawn. */
export class Timeline {
  readonly #items = new Map<string, Fragment>();
  readonly #order: string[] = [];
  readonly #listeners = new Set<Listener>();

  /** Takes in changes in the order in which the kernel made them. */
  apply(changes: Fragment[]): void {
    for (const change of changes) this.#place(change);
    for (const listener of this.#listeners) listener(changes);
  }

  /** Becomes exactly `fragments`; what is the same already stays untouched in the views. */
  replace(fragments: Fragment[]): void {
    const kept = new Set(fragments.map((fragment) => fragment.id));
    const gone = this.#order.filter((id) => !kept.has(id)).map(removal);
    const before = new Map(this.fragments().map((fragment) => [fragment.id, fragment]));
    const changed = fragments.filter((fragment) => !same(fragment, before.get(fragment.id)));
    this.apply([...gone, ...changed]);
  }

  /** All items as fragments that build the timeline from nothing. */
  fragments(): Fragment[] {
    return this.#order.map((id, index) => {
      const item = this.#items.get(id) as Fragment;
      return { ...item, after: this.#order[index - 1] ?? null };
    });
  }

  /** Hands over what is there, then every change until `signal` aborts. */
  subscribe(listener: Listener, signal: AbortSignal): void {
    if (this.#order.length > 0) listener(this.fragments());
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }

  #place(change: Fragment): void {
    const known = this.#items.has(change.id);
    if (change.html === null) {
      if (known) this.#order.splice(this.#order.lastIndexOf(change.id), 1);
      this.#items.delete(change.id);
      return;
    }
    this.#items.set(change.id, change);
    if (known && this.#predecessor(change.id) === change.after) return;
    if (known) this.#order.splice(this.#order.lastIndexOf(change.id), 1);
    this.#order.splice(this.#position(change.after), 0, change.id);
  }

  #predecessor(id: string): string | null {
    return this.#order[this.#order.lastIndexOf(id) - 1] ?? null;
  }

  /** An unknown predecessor can only be the loss of a batch: then the end is the best guess. */
  #position(after: string | null): number {
    if (after === null) return 0;
    return this.#items.has(after) ? this.#order.lastIndexOf(after) + 1 : this.#order.length;
  }
}

function removal(id: string): Fragment {
  return { id, turn: "", after: null, html: null, since: null };
}

function same(a: Fragment, b: Fragment | undefined): boolean {
  return a.html === b?.html && a.after === b?.after && a.turn === b?.turn;
}
