import { atEnd, on } from "../shared/dom";
import { type Clock, duration, ticking } from "./clock";
import type { State } from "./wire";

/** State words of the API and of this view, as people read them. */
const WORDS: Record<string, string> = {
  waiting_for_tool: "waiting for a tool",
  completed: "done",
};
const ENDED = new Set(["completed", "failed", "cancelled", "stopped"]);

/** Whether nothing more will come. */
export function hasEnded(state: string): boolean {
  return ENDED.has(state);
}

/** `waiting for a tool` for `waiting_for_tool`; unknown states are shown as they are. */
export function stateWord(state: string): string {
  return WORDS[state] ?? state.replaceAll("_", " ");
}

/** The line below a live transcript: state, time, and a way to stop. */
export class StateBar {
  readonly element = document.createElement("div");
  readonly #state = part("span", "dari-state");
  readonly #clock = part("span", "dari-clock");
  readonly #note = part("span", "dari-note");
  readonly #stop = part("button", "dari-stop");
  /** The only thing that is read aloud: the state, when it changes. */
  readonly #spoken = part("span", "dari-spoken");
  readonly #time: Clock;
  #shown: State | undefined;
  #tick: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param time What the elapsed time is read from.
   * @param stop Called on Stop; resolves to a note for the reader, or to nothing.
   * @param signal Ends the ticking.
   */
  constructor(time: Clock, stop: () => Promise<string | undefined>, signal: AbortSignal) {
    this.#time = time;
    this.element.className = "dari-bar";
    this.#stop.type = "button";
    on(this.#stop, "click", () => void this.#stopped(stop), signal);
    this.#spoken.setAttribute("role", "status");
    this.element.append(this.#state, this.#clock, this.#note, this.#stop, this.#spoken);
    atEnd(signal, () => clearTimeout(this.#tick));
  }

  show(state: State): void {
    const changed = state.state !== this.#shown?.state;
    this.#shown = state;
    this.#state.dataset.state = state.state;
    this.#stop.hidden = hasEnded(state.state);
    this.#stop.textContent = state.stop;
    if (changed) {
      this.#state.textContent = stateWord(state.state);
      this.#spoken.textContent = stateWord(state.state);
      this.#stop.disabled = false;
    }
    if (!this.#stop.disabled) this.#note.textContent = state.note;
    this.#showTime();
  }

  async #stopped(stop: () => Promise<string | undefined>): Promise<void> {
    this.#stop.disabled = true;
    this.#note.textContent = "stopping…";
    const note = await stop().catch((error: Error) => error.message);
    if (!note) return;
    this.#note.textContent = note;
    this.#stop.disabled = false;
  }

  #showTime(): void {
    clearTimeout(this.#tick);
    if (!this.#shown) return;
    const { state, seconds } = this.#shown;
    if (hasEnded(state)) {
      this.#clock.textContent = duration(seconds ?? this.#time.seconds);
      return;
    }
    const now = this.#time.seconds;
    this.#clock.textContent = ticking(now);
    this.#tick = setTimeout(() => this.#showTime(), 1000 - ((now * 1000) % 1000) + 1);
  }
}

function part<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, name: string) {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}
