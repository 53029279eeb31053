/** Index of the first element that ends below `edge`; elements stand in order, one below another. */
export function firstBelow(elements: HTMLCollection, edge: number): number {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((elements[middle] as Element).getBoundingClientRect().bottom > edge) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The item (an element with `data-item`) that stands at `edge` or next below it. */
export function itemAt(root: Element, edge: number): HTMLElement | undefined {
  let box: Element | undefined = root;
  while (box && !(box instanceof HTMLElement && box.dataset.item)) {
    box = box.children[firstBelow(box.children, edge)];
  }
  return box;
}

/** What holds blocks, one below another. */
const HOLDER = "div, ol, ul, li, blockquote, details";

/**
 * The way to what stands at `edge` in an element that is higher than `height`: which of its children,
 * which one of that, and so on, until one is no higher, or holds words.
 */
export function wayTo(element: Element, edge: number, height: number): number[] {
  const way: number[] = [];
  let box = element;
  while (box.matches(HOLDER) && box.getBoundingClientRect().height > height) {
    if (box.childElementCount === 0) break;
    const place = Math.min(firstBelow(box.children, edge), box.childElementCount - 1);
    way.push(place);
    box = box.children[place] as Element;
  }
  return way;
}
