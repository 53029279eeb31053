import { atEnd } from "../shared/dom";

/** How far from what is seen something is drawn already. */
const NEAR_PX = 1000;
/** A page behind others is told of nothing, and drawn all the same. */
const SOON_MS = 300;

/** Draws something once the reader comes near to it; until then it only takes up room. */
export function whenNear(el: HTMLElement, draw: () => void, signal: AbortSignal): void {
  const near = new AbortController();
  const come = () => {
    if (near.signal.aborted || signal.aborted) return;
    near.abort();
    el.classList.remove("dari-far");
    draw();
  };
  el.classList.add("dari-far");
  // What scrolls in the page is looked beyond, too, where the browser knows of that.
  const margin = `${NEAR_PX}px`;
  const options = { rootMargin: margin, scrollMargin: margin } as IntersectionObserverInit;
  const seen = (entries: IntersectionObserverEntry[]) =>
    entries.some((entry) => entry.isIntersecting) && come();
  const observer = new IntersectionObserver(seen, options);
  observer.observe(el);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    // The host puts the element in place only after it was drawn.
    if (!el.isConnected) timer = setTimeout(look, SOON_MS);
    else if (isNear(el)) come();
  };
  timer = setTimeout(look, SOON_MS);
  for (const over of [near.signal, signal]) {
    atEnd(over, () => {
      observer.disconnect();
      clearTimeout(timer);
    });
  }
}

function isNear(el: HTMLElement): boolean {
  const { top, bottom, width } = el.getBoundingClientRect();
  return width > 0 && bottom > -NEAR_PX && top < innerHeight + NEAR_PX;
}
