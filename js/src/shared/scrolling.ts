/** Whether a reader can scroll what is in an element up and down. */
function scrolls(box: HTMLElement): boolean {
  if (box.scrollHeight <= box.clientHeight) return false;
  const { overflowY } = getComputedStyle(box);
  const isPage = box === document.scrollingElement && overflowY === "visible";
  return isPage || overflowY === "auto" || overflowY === "scroll";
}

/** What scrolls around something, the innermost first. */
export function* scrollersAround(node: Node): Iterable<HTMLElement> {
  for (let box = node.parentElement; box; box = box.parentElement) if (scrolls(box)) yield box;
}

/** How far below the top of the page an element begins. */
export function topOf(element: Element): number {
  return element.getBoundingClientRect().top;
}

/** How far below the top of an element the window begins and ends, in what scrolls around it. */
export function windowAround(element: Element): [number, number] {
  const boxes = [...scrollersAround(element)].filter((box) => box !== document.scrollingElement);
  const edges = (side: "top" | "bottom") => boxes.map((box) => box.getBoundingClientRect()[side]);
  const top = topOf(element);
  return [Math.max(0, ...edges("top")) - top, Math.min(innerHeight, ...edges("bottom")) - top];
}

/** Scrolls what is around an element until it begins at `top` on the page, as far as that goes. */
export function scrollTo(element: HTMLElement, top: number): void {
  for (const box of scrollersAround(element)) {
    box.scrollTop += topOf(element) - top;
  }
}

/** Scrolls what is around elements as little as needed to see them, the last one above all. */
export function reveal(...elements: (Element | false | null | undefined)[]): void {
  for (const element of elements) if (element) element.scrollIntoView?.({ block: "nearest" });
}

/** Room that is left around what is brought into sight. */
const ROOM_PX = 12;

/** Scrolls what is around a text as little as needed to see where it begins. */
export function bringIntoSight(text: Range): void {
  for (const box of scrollersAround(text.startContainer)) {
    const seen = text.getBoundingClientRect();
    const isPage = box === document.scrollingElement;
    const { top, bottom } = isPage ? { top: 0, bottom: innerHeight } : box.getBoundingClientRect();
    const below = Math.min(seen.bottom, seen.top + box.clientHeight / 2) + ROOM_PX - bottom;
    const above = seen.top - ROOM_PX - top;
    if (above < 0) box.scrollTop += above;
    else if (below > 0) box.scrollTop += below;
  }
}

/** Scrolls one box as little as needed to see an element in it, below a head that stays. */
export function scrollWithin(box: Element | null, element?: Element, head = 0): void {
  if (!box || !element) return;
  const [seen, frame] = [element.getBoundingClientRect(), box.getBoundingClientRect()];
  const [above, below] = [seen.top - frame.top - head, seen.bottom - frame.bottom];
  if (above < 0) box.scrollTop += above;
  else if (below > 0) box.scrollTop += Math.min(above, below);
}
