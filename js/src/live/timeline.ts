import { atEnd } from "../shared/dom";
import { edited } from "../shared/grow";
import type { Change, Fragment, Growth } from "./wire";

/** An item as it is now; it may take the place of a draft. */
export interface Placed extends Fragment {
  of?: string;
}

type Listener = (changes: Placed[]) => void;

/** The items of one model in display order, from which any number of views is drawn. */
export class Timeline {
  readonly #items = new Map<string, Fragment>();
  readonly #order: string[] = [];
  readonly #listeners = new Set<Listener>();

  /** Takes in changes in the order in which the kernel made them. */
  apply(changes: Change[]): void {
    const placed = changes.flatMap((change) =>
      "edits" in change ? this.#grow(change) : this.#place(change),
    );
    for (const listener of this.#listeners) listener(placed);
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
    atEnd(signal, () => this.#listeners.delete(listener));
  }

  #place(change: Fragment): Placed[] {
    const { id, after, html } = change;
    if (this.#items.delete(id)) this.#order.splice(this.#order.lastIndexOf(id), 1);
    if (html !== null) {
      this.#order.splice(this.#position(after), 0, id);
      this.#items.set(id, change);
    }
    return [change];
  }

  /** Where the version before got lost nothing can grow; all of it is on its way then. */
  #grow({ id, base, rev, edits }: Growth): Placed[] {
    let place = this.#order.length - 1;
    while (place >= 0 && this.#items.get(this.#order[place] as string)?.rev !== base) place--;
    const before = this.#items.get(this.#order[place] ?? "");
    if (before?.html == null) return [];
    const after = this.#order[place - 1] ?? null;
    const item = { ...before, id: id ?? before.id, rev, after, html: edited(before.html, edits) };
    this.#order[place] = item.id;
    this.#items.delete(before.id);
    this.#items.set(item.id, item);
    return [item.id === before.id ? item : { ...item, of: before.id }];
  }

  /** An unknown predecessor can only be the loss of a batch: then the end is the best guess. */
  #position(after: string | null): number {
    if (after === null) return 0;
    return this.#items.has(after) ? this.#order.lastIndexOf(after) + 1 : this.#order.length;
  }
}

function removal(id: string): Fragment {
  return { id, turn: "", after: null, html: null, since: null, rev: 0 };
}

function same(a: Fragment, b: Fragment | undefined): boolean {
  return a.html === b?.html && a.after === b?.after && a.turn === b?.turn;
}
