import { keepKeys } from "../host/border";
import { holdFocus } from "../host/focus";
import type { Component } from "../host/port";
import { atEnd, on } from "../shared/dom";
import type { State } from "./wire";

/** Makes a view of the box of plain widgets that it is in, out of sight: keys and focus stay there. */
export const border: Component<State> = (port) => (el, signal) => {
  el.classList.add("dari-border");
  const entered = new AbortController();
  atEnd(signal, () => entered.abort());
  // The host puts it in place only after it was drawn, which is before anyone comes there.
  const enter = (event: Event) => {
    const box = el.parentElement?.closest<HTMLElement>(".dari-view");
    if (!box || !event.composedPath().includes(box)) return;
    entered.abort();
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", port.get("label"));
    keepKeys(box, signal);
    holdFocus(box, signal);
  };
  for (const kind of ["pointerdown", "focusin"] as const) {
    on(window, kind, enter, entered.signal, { capture: true });
  }
};
