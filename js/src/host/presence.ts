import { atEnd, on } from "../shared/dom";
import type { Gone, Here } from "./wire";

/** A view may be taken out and put back at once, as when its cell is moved. */
const SOON_MS = 300;

/** Tells the kernel whether this page shows any view of a model. */
export class Presence {
  readonly #send: (message: Here | Gone) => void;
  readonly #views = new Set<HTMLElement>();
  #going: ReturnType<typeof setTimeout> | undefined;

  /** @param signal Ends the telling. */
  constructor(send: (message: Here | Gone) => void, signal: AbortSignal) {
    this.#send = (message) => signal.aborted || send(message);
    const left = () => this.#views.size > 0 && this.#send({ kind: "gone", cleared: false });
    on(window, "pagehide", left, signal);
  }

  /** A view is shown in `el` until `signal` aborts. */
  shown(el: HTMLElement, signal: AbortSignal): void {
    this.#views.add(el);
    if (this.#views.size === 1) this.answer();
    const areas: Element[] = [];
    // The host puts the element in place only after it was drawn.
    const look = () => {
      areas.push(...areasAround(el));
      if (areas.length === 0 && !signal.aborted) setTimeout(look, SOON_MS);
    };
    setTimeout(look);
    atEnd(signal, () => {
      this.#views.delete(el);
      clearTimeout(this.#going);
      this.#going = setTimeout(() => this.#went(areas), SOON_MS);
    });
  }

  /** Says that the view is here, if it is, and whether in JupyterLab or Notebook 7. */
  answer(): void {
    if (this.#views.size > 0)
      this.#send({
        kind: "here",
        jupyter: document.getElementById("jupyter-config-data") !== null,
      });
  }

  /** Where a place around it still stands, the output was cleared; else the notebook was closed. */
  #went(areas: Element[]): void {
    const cleared = areas.some((area) => area.isConnected);
    if (this.#views.size === 0) this.#send({ kind: "gone", cleared });
  }
}

/** The places of outputs that an element is in: that of its cell, and those of widgets within. */
function areasAround(el: Element): Element[] {
  const area = el.parentElement?.closest(".jp-OutputArea");
  return area ? [area, ...areasAround(area)] : [];
}
