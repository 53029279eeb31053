import type { Port } from "../host/port";
import { Marks } from "./highlight";
import type { Rows } from "./rows";
import type { Sought, State } from "./wire";

/** What is looked for in all items, and what was found. */
export class Search {
  readonly #port: Port<State>;
  readonly #rows: Rows;
  readonly #marks = new Marks();
  #hits: ReadonlySet<string> = new Set();
  query = "";

  constructor(port: Port<State>, rows: Rows) {
    this.#port = port;
    this.#rows = rows;
  }

  /** Looks for the query; returns false when another one has taken its place meanwhile. */
  async look(): Promise<boolean> {
    const { query } = this;
    const found = query
      ? (await this.#port.ask<string[]>("find", { query } satisfies Sought)).body
      : [];
    if (query !== this.query) return false;
    this.#hits = new Set(found);
    return true;
  }

  has(id: string): boolean {
    return this.#hits.has(id);
  }

  /** How many of the shown items have it. */
  get count(): number {
    return this.#found.length;
  }

  /** What was found, in words; `current` is the item at which the reader stands. */
  words(current: string): string {
    if (!this.query) return "";
    const found = this.#found;
    if (found.length === 0) return "nothing found";
    const here = found.findIndex(({ id }) => id === current);
    const where = here >= 0 ? `${here + 1} of ` : "";
    return `${where}${found.length} ${found.length === 1 ? "item" : "items"}`;
  }

  /** Marks an item; where the reader stands, what hides a match is opened. */
  mark(body: Element, id: string, current: string): void {
    const isHit = this.has(id);
    const here = isHit && id === current;
    this.#marks.show(body, isHit ? this.query : "", here);
    if (here) for (const fold of body.querySelectorAll("details")) openForMatch(fold, this.query);
  }

  /** Forgets the marks of an item that is not there any more. */
  unmark(body: Element | null): void {
    if (body) this.#marks.clear(body);
  }

  /** Where the first match in an item is, once that is marked. */
  first(body: Element): Range | undefined {
    return this.#marks.first(body);
  }

  clear(): void {
    this.#marks.clearAll();
  }

  get #found() {
    return this.#rows.shown.filter(({ id }) => this.has(id));
  }
}

function openForMatch(fold: HTMLDetailsElement, query: string): void {
  const inside = [...fold.children].filter((child) => child.tagName !== "SUMMARY");
  const wanted = query.toLowerCase();
  if (inside.some((child) => child.textContent?.toLowerCase().includes(wanted))) fold.open = true;
}
