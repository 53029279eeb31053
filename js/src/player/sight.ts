import { atEnd, on } from "../shared/dom";
import { reveal, scrollersAround } from "../shared/scrolling";

/** As tall as no page is. */
const TALL = "99999px";

/** So much of the transcript is seen, where it is that long: in a low place the rest stays whole. */
const LEAST_PX = 160;

/**
 * Keeps a view as tall as what is seen at once, and whoever is in it sees it whole. Where that is
 * too low for all that is around the transcript, the view is as tall as it must be.
 *
 * @param el The view.
 * @param log Its transcript, which takes what is left.
 * @param lead Brings what the reader is at into sight, where not all of the view can be.
 * @param signal Ends it.
 */
export function keepInSight(
  el: HTMLElement,
  log: HTMLElement,
  lead: () => void,
  signal: AbortSignal,
): void {
  let [width, seen] = [-1, 0];
  const hold = () => {
    const least = el.scrollHeight - log.offsetHeight + LEAST_PX;
    el.style.setProperty("--seen", `${Math.max(seen, least)}px`);
  };
  const fill = () => {
    seen = heightAround(el, log);
    hold();
  };
  const bring = () => {
    reveal(el);
    lead();
  };
  const sizes = new ResizeObserver(() => {
    if (width === el.offsetWidth) hold();
    else fill();
    width = el.offsetWidth;
    if (el.matches(":focus-within")) bring();
  });
  sizes.observe(el);
  sizes.observe(log);
  atEnd(signal, () => sizes.disconnect());
  on(window, "resize", fill, signal);
  on(el, "keydown", bring, signal);
}

/** What is seen at once of what is around an element, which scrolls once that is very tall. */
function heightAround(el: HTMLElement, log: HTMLElement): number {
  const [{ minHeight }, { maxHeight }] = [el.style, log.style];
  // What is whole for a moment is at its beginning after that.
  log.style.maxHeight = getComputedStyle(log).height;
  el.style.minHeight = TALL;
  const heights = [...scrollersAround(el)].map((box) => box.clientHeight);
  el.style.minHeight = minHeight;
  log.style.maxHeight = maxHeight;
  return Math.min(innerHeight, ...heights);
}
