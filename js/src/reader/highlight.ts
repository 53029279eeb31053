/**
 * Marks what was found without touching the document, where the browser can. Each view brings this
 * module along, and a page has one mark of a name: whoever comes first makes it for all.
 */
const marks = mark("dari-found");
const current = mark("dari-current");

function mark(name: string): Highlight | undefined {
  const registry = globalThis.CSS?.highlights;
  const known = registry?.get(name);
  if (!registry || known) return known;
  const made = new Highlight();
  registry.set(name, made);
  return made;
}

/** The marks of one view. */
export class Marks {
  #ranges = new Map<Element, Range[]>();

  /** Marks the query in an element; `here` says that it is the one the reader stands at. */
  show(element: Element, query: string, here: boolean): void {
    this.clear(element);
    if (!query) return;
    const ranges = rangesOf(element, query);
    this.#ranges.set(element, ranges);
    for (const range of ranges) (here ? current : marks)?.add(range);
  }

  /** The first mark in an element. */
  first(element: Element): Range | undefined {
    return this.#ranges.get(element)?.[0];
  }

  clear(element: Element): void {
    for (const range of this.#ranges.get(element) ?? []) {
      marks?.delete(range);
      current?.delete(range);
    }
    this.#ranges.delete(element);
  }

  clearAll(): void {
    for (const element of [...this.#ranges.keys()]) this.clear(element);
  }
}

/** Where a text is in an element, whatever its case and however it is cut into nodes. */
export function rangesOf(element: Element, query: string): Range[] {
  const nodes: Text[] = [];
  const ends: number[] = [];
  let all = "";
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = (node as Text).data;
    const lower = text.toLowerCase();
    // A few letters change their length in lower case; then the places would not be those.
    all += lower.length === text.length ? lower : text;
    nodes.push(node as Text);
    ends.push(all.length);
  }
  const ranges: Range[] = [];
  const wanted = query.toLowerCase();
  for (let at = all.indexOf(wanted); at >= 0; at = all.indexOf(wanted, at + wanted.length)) {
    const range = document.createRange();
    range.setStart(...point(nodes, ends, at, false));
    range.setEnd(...point(nodes, ends, at + wanted.length, true));
    ranges.push(range);
  }
  return ranges;
}

function point(nodes: Text[], ends: number[], at: number, isEnd: boolean): [Text, number] {
  const index = ends.findIndex((end) => (isEnd ? end >= at : end > at));
  return [nodes[index] as Text, at - (ends[index - 1] ?? 0)];
}
