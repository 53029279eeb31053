import { atEnd } from "../shared/dom";
import { scrollersAround } from "../shared/scrolling";

/** As tall as no page is. */
const TALL = "99999px";

/** Keeps a view as tall as what is seen at once, and whoever is in it sees it whole. */
export function keepInSight(el: HTMLElement, signal: AbortSignal): void {
  let width = -1;
  const fill = () => {
    el.style.setProperty("--seen", `${heightAround(el)}px`);
  };
  const bring = () => el.scrollIntoView?.({ block: "nearest" });
  const sizes = new ResizeObserver(() => {
    if (width !== el.offsetWidth) fill();
    width = el.offsetWidth;
    if (el.matches(":focus-within")) bring();
  });
  sizes.observe(el);
  atEnd(signal, () => sizes.disconnect());
  addEventListener("resize", fill, { signal });
  el.addEventListener("keydown", bring, { signal });
}

/** What is seen at once of what is around an element, which scrolls once that is very tall. */
function heightAround(el: HTMLElement): number {
  const { minHeight } = el.style;
  el.style.minHeight = TALL;
  const heights = [...scrollersAround(el)].map((box) => box.clientHeight);
  el.style.minHeight = minHeight;
  return Math.min(innerHeight, ...heights);
}
