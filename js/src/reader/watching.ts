import type { Port } from "../host/port";
import { button, make } from "../shared/dom";
import type { State } from "./wire";

/** One line about the turn that runs: a way to stop it, or to stop watching and watch it again. */
export class Watching {
  readonly element: HTMLElement;
  readonly #port: Port<State>;
  readonly #left: () => void;
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #button: HTMLButtonElement;
  #isAsking = false;

  /**
   * @param port Where it is asked for.
   * @param left Takes the focus that the button had when there is nothing more to stop.
   * @param signal Ends the listening.
   */
  constructor(port: Port<State>, left: () => void, signal: AbortSignal) {
    this.#port = port;
    this.#left = left;
    this.#button = button("", () => void this.#pressed(), signal);
    this.element = make("div", "dari-watching dari-line", {}, this.#note, this.#button);
    port.watch(["note", "watch"], () => this.#show(), signal);
    this.#show();
  }

  #show(): void {
    this.#note.textContent = this.#port.get("note");
    this.#button.textContent = this.#port.get("watch");
    const hadFocus = this.#button.matches(":focus");
    this.element.hidden = this.#port.get("watch") === "";
    if (this.element.hidden && hadFocus) this.#left();
  }

  /** The button keeps the focus meanwhile, which a disabled one would lose. */
  async #pressed(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      await this.#port.ask("watch");
    } catch (error) {
      this.#note.textContent = (error as Error).message;
    } finally {
      this.#isAsking = false;
    }
  }
}
