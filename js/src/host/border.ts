import { atEnd, focused, focusOn, on } from "../shared/dom";

/** JupyterLab and Notebook leave keys alone whose target has this attribute. */
const SPARED = "data-lm-suppress-shortcuts";

/**
 * Keeps the keys that are pressed in a view from the notebook around it, whose plain keys cut and
 * move cells, and whose keys that run a cell would put a new view in the place of this one. Chords
 * such as Ctrl+S get through: the host hears them as if they were pressed beside the notebook.
 */
export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  // Whoever clicks on the ground of a view is in the view, too.
  if (!root.hasAttribute("tabindex")) root.tabIndex = -1;
  let spared: Element | undefined;
  // Some hosts listen on their way down to the target, so this is said before anyone hears the key.
  const spare = (event: KeyboardEvent) => {
    spared?.removeAttribute(SPARED);
    spared = undefined;
    if (!event.composedPath().includes(root)) return;
    spared = event.target as Element;
    spared.setAttribute(SPARED, "");
  };
  const stop = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (runsCell(event)) event.preventDefault();
    else if (isChord(event) && !event.defaultPrevented) passOn(event);
  };
  // On text that is selected a click moves no focus, nor does dragging it: the reader is in the view all the same.
  const enter = () => {
    const active = focused(root);
    if (!root.contains(active)) focusOn(root);
  };
  for (const kind of ["click", "dragend"] as const) on(root, kind, enter, signal);
  atEnd(signal, () => spared?.removeAttribute(SPARED));
  on(window, "keydown", spare, signal, { capture: true });
  on(root, "keydown", stop, signal);
}

/**
 * Keeps them in what has taken the place of a view and its focus, whose reader may be pressing keys
 * still: until they go elsewhere, click, or press Escape, which the host hears.
 */
export function keepKeysOn(root: HTMLElement): void {
  const left = new AbortController();
  keepKeys(root, left.signal);
  const leave = (event: Event) => {
    const isInside = event.type !== "pointerdown" && root.contains(event.target as Node);
    if (!isInside || (event as KeyboardEvent).key === "Escape") left.abort();
  };
  for (const kind of ["pointerdown", "focusin", "keydown"] as const) {
    on(document, kind, leave, left.signal, { capture: true });
  }
}

/** Whether a key would run the cell around, and does nothing in a view; in a text it makes a line or sends it. */
export function runsCell(event: KeyboardEvent): boolean {
  const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
  return key === "Enter" && (shiftKey || ctrlKey || metaKey || altKey) && !isText(targetOf(event));
}

/** Whether a key is a command and no character. */
export function isChord(event: KeyboardEvent): boolean {
  // AltGr types characters everywhere, and Alt does on some systems.
  if (event.getModifierState("AltGraph")) return false;
  return event.ctrlKey || event.metaKey || (event.altKey && !isText(targetOf(event)));
}

/**
 * No cell hears it there: what acts on cells needs one that has the focus or is around it. The key
 * is let go at once, since a host that waits for what comes of it takes Ctrl+Z away from the field.
 */
function passOn(event: KeyboardEvent): void {
  const { body } = document;
  if (!body.dispatchEvent(new KeyboardEvent("keydown", event))) event.preventDefault();
  body.dispatchEvent(new KeyboardEvent("keyup", event));
}

/** What has the focus, also inside of a shadow tree. */
function targetOf(event: Event): Element {
  return event.composedPath()[0] as Element;
}

function isText(element: Element): boolean {
  return element.matches("textarea, input:not([type=checkbox], [type=file])");
}
