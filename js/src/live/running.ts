import { atEnd } from "../shared/dom";
import { type Clock, ticking } from "./clock";

/** Lets each open call count its own time, once a second, as long as there is one. */
export class RunningCalls {
  readonly #root: HTMLElement;
  readonly #clock: Clock;
  #tick: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement, clock: Clock, signal: AbortSignal) {
    this.#root = root;
    this.#clock = clock;
    atEnd(signal, () => clearTimeout(this.#tick));
  }

  /** Shows the times now and goes on from there. */
  show(): void {
    clearTimeout(this.#tick);
    const calls = this.#root.querySelectorAll<HTMLElement>("[data-since]");
    for (const call of calls) this.#showOne(call);
    if (calls.length > 0) this.#tick = setTimeout(() => this.show(), 1000);
  }

  #showOne(call: HTMLElement): void {
    const state = call.querySelector<HTMLElement>("summary > small");
    if (!state) return;
    state.dataset.word ??= state.textContent ?? "";
    const seconds = Math.max(0, this.#clock.seconds - Number(call.dataset.since));
    state.textContent = `${state.dataset.word} · ${ticking(seconds)}`;
  }
}
