import { atEnd, focused, focusOn, on } from "../shared/dom";

/** What takes the focus from an element that stays where it is. */
const TAKING = ["hidden", "inert", "disabled"];

/**
 * Keeps the focus in a view whose parts are drawn anew: when what has it goes, what is around that
 * has it, before the next key is heard. Otherwise the notebook would have it, and its plain keys.
 */
export function holdFocus(root: HTMLElement, signal: AbortSignal): void {
  /** What has the focus, and what around it can have it. */
  let held: HTMLElement[] = [];
  const note = (event: FocusEvent) => {
    const path = event.composedPath() as HTMLElement[];
    held = path.slice(0, path.indexOf(root) + 1).filter((one) => one.hasAttribute("tabindex"));
    held.unshift(path[0] as HTMLElement);
  };
  const hold = () => {
    const active = focused(root) as HTMLElement | null;
    const [at = root] = held;
    // Whoever has clicked beside the view has left it: what had the focus is still there.
    const isLost = [null, document.body, at].includes(active) && !canHold(at);
    if (isLost) focusOn(held.find(canHold));
    else if (active !== at) held = [];
  };
  const changes = new MutationObserver(hold);
  changes.observe(root, { childList: true, subtree: true, attributeFilter: TAKING });
  on(root, "focusin", note, signal);
  on(root, "focusout", () => queueMicrotask(hold), signal);
  atEnd(signal, () => changes.disconnect());
}

function canHold(element: HTMLElement): boolean {
  return !element.closest("[inert], :disabled") && element.checkVisibility();
}
