import type { Row } from "./wire";

/** What is looked at: nothing chosen means everything. */
export interface Filter {
  kinds: ReadonlySet<string>;
  tool: string;
}

/** The kinds that one can choose, with what the rows of each have in common. */
export const KINDS: Record<string, (row: Row) => boolean> = {
  you: (row) => row.kind === "user",
  answers: (row) => row.kind === "assistant" && row.flag === "",
  tools: (row) => row.kind === "tool",
  errors: (row) => row.flag === "error",
  pending: (row) => row.flag === "pending",
};

/** The outline of all items, and those that the filter lets through. */
export class Rows {
  all: Row[] = [];
  shown: Row[] = [];
  filter: Filter = { kinds: new Set(), tool: "" };
  #place = new Map<string, number>();

  /** Takes in the rows from `first` on; returns false when some before them are missing. */
  replace(first: number, rows: Row[]): boolean {
    if (first > this.all.length) return false;
    this.all = [...this.all.slice(0, first), ...rows];
    this.choose(this.filter);
    return true;
  }

  choose(filter: Filter): void {
    this.filter = filter;
    const tests = [...filter.kinds].map((kind) => KINDS[kind] ?? (() => false));
    const passes = (row: Row) =>
      (tests.length === 0 || tests.some((test) => test(row))) &&
      (filter.tool === "" || row.tool === filter.tool);
    this.shown = this.all.filter(passes);
    this.#place = new Map(this.shown.map((row, place) => [row.id, place]));
  }

  /** Where an item stands among those shown; undefined when the filter hides it. */
  place(id: string): number | undefined {
    return this.#place.get(id);
  }

  /** The next shown row of a kind after `from`, round the end; `step` is 1 or -1. */
  next(from: number, step: number, test: (row: Row, place: number) => boolean): number | undefined {
    const count = this.shown.length;
    for (let far = 1; far <= count; far++) {
      const place = (((from + step * far) % count) + count) % count;
      if (test(this.shown[place] as Row, place)) return place;
    }
    return undefined;
  }

  /** Whether a row is the first of its turn. */
  begins(place: number): boolean {
    return place === 0 || this.shown[place]?.turn !== this.shown[place - 1]?.turn;
  }

  count(kind: string): number {
    return this.all.filter(KINDS[kind] as (row: Row) => boolean).length;
  }

  /** Names of the tools, in alphabetical order. */
  get tools(): string[] {
    return [...new Set(this.all.map((row) => row.tool))].filter(Boolean).sort();
  }
}
