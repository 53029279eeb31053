import { isChord } from "../host/border";
import type { Port } from "../host/port";
import { button, focused, make, onEscape, SENDS } from "../shared/dom";
import { type Playback, sayingBusy } from "./playback";
import type { Story } from "./story";
import { unsent } from "./unsent";
import type { Mark, State } from "./wire";

const LETTER = /^[\p{L}\p{N}]$/u;
/** Keys that lead through a recording, and would write in a field. */
const STEPS = /^[,.[\]]$/;

/** What a mark asks, and a place to write what one expects, before the rest is seen. */
export class Question {
  readonly element = make("form", "dari-question", { "aria-label": "A question" });
  readonly #port: Port<State>;
  readonly #story: Story;
  readonly #playback: Playback;
  readonly #left: () => void;
  readonly #text = make("div", "dari-ask");
  readonly #field = make("textarea", "", { rows: "2", "aria-label": "What you expect" });
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #send: HTMLButtonElement;
  readonly #line: HTMLElement;
  #shown: Mark | undefined;
  #isSending = false;
  /** Whether the reader was put where they write, and may still be pressing what led them there. */
  #isLed = false;

  /** @param left Takes the focus when the question has gone. */
  constructor(
    port: Port<State>,
    story: Story,
    playback: Playback,
    left: () => void,
    signal: AbortSignal,
  ) {
    this.#port = port;
    this.#story = story;
    this.#playback = playback;
    this.#left = left;
    const skip = button("Skip", () => void this.#reply(""), signal);
    this.#send = button("Go on and see", () => void this.send(), signal, {
      class: "dari-main",
      title: SENDS,
    });
    const written = () => {
      this.#noteWritten();
      this.#grow();
    };
    this.#field.addEventListener("input", written, { signal });
    this.#field.addEventListener("keydown", (event) => this.#holdSteps(event), { signal });
    const away = () => {
      this.#isLed = false;
      this.#keep();
    };
    this.#field.addEventListener("focus", () => this.lead(), { signal });
    this.#field.addEventListener("blur", away, { signal });
    window.addEventListener("pagehide", away, { signal });
    onEscape(this.#field, left);
    this.element.addEventListener("submit", (event) => event.preventDefault(), { signal });
    const hint = make("small", "", {}, `${SENDS} sends`);
    this.#line = make("div", "dari-line", {}, this.#send, skip, hint, this.#note);
    this.element.append(this.#text, this.#field, this.#line);
    this.element.hidden = true;
  }

  show(): void {
    const mark = this.#playback.isPlaying ? undefined : this.#playback.question;
    if (mark?.id === this.#shown?.id) return;
    const focus = focused(this.element);
    const hadFocus = this.element.contains(focus);
    this.#keep();
    this.#shown = mark;
    this.element.hidden = mark === undefined;
    this.#note.textContent = "";
    const id = mark?.id ?? "";
    this.#field.value = this.#port.get("drafts")[id] ?? unsent.get(id) ?? "";
    if (mark) {
      this.#noteWritten();
      // What the mark is called may tell what comes.
      // Sanitised by Python, like every fragment.
      this.#text.innerHTML = mark.html;
      this.#grow();
      if (focus && this.element.parentElement?.contains(focus)) {
        this.focus();
        this.#isLed = true;
      }
    } else if (hadFocus) this.#left();
  }

  /** Puts the reader where they write. */
  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  /** Brings all of it into sight, or as much of it as is seen at once above its buttons. */
  #bring(): void {
    for (const part of [this.element, this.#line]) part.scrollIntoView?.({ block: "nearest" });
  }

  /** Does so where the reader is in it. */
  lead(): void {
    if (this.element.contains(focused(this.element))) this.#bring();
  }

  /** Sends what is written, where something is asked. */
  async send(): Promise<void> {
    if (!this.#shown) return;
    if (this.#field.value.trim()) return this.#reply(this.#field.value);
    this.#note.textContent = "Write what you expect first, or skip it.";
    this.focus();
  }

  /** A letter that is typed anywhere beside a field while something is asked begins the answer. */
  type(event: KeyboardEvent): void {
    const isField = (event.target as HTMLElement).matches("input, select, textarea");
    if (!this.#shown || isField || isChord(event) || !LETTER.test(event.key)) return;
    event.stopImmediatePropagation();
    this.focus();
  }

  /** Keeps what is written here, for when the reader comes back, or loads the page anew. */
  #keep(): void {
    const drafts = this.#port.get("drafts");
    const [id, text] = [this.#shown?.id, this.#field.value];
    if (id === undefined || text === (drafts[id] ?? "")) return;
    this.#port.set({ drafts: { ...drafts, [id]: text } });
  }

  /** Notes it in the page at once, whatever becomes of the kernel. */
  #noteWritten(): void {
    if (this.#shown) unsent.set(this.#shown.id, this.#field.value);
  }

  /** What led the reader here writes nothing until they have written something else. */
  #holdSteps(event: KeyboardEvent): void {
    if (this.#isLed && STEPS.test(event.key)) event.preventDefault();
    else if (event.key.length === 1) this.#isLed = false;
  }

  /** The field is as tall as what is in it, and the buttons below stay in sight. */
  #grow(): void {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
    this.#bring();
  }

  /** Sends what is expected; with nothing the question is skipped. */
  async #reply(text: string): Promise<void> {
    const mark = this.#shown;
    if (!mark || this.#isSending) return;
    // What would be added now is not sent.
    this.#isSending = this.#field.readOnly = true;
    const say = (note: string) => {
      this.#note.textContent = note;
    };
    say("");
    try {
      await sayingBusy(this.#story.reply(mark, text), say);
      const { [mark.id]: _sent, ...drafts } = this.#port.get("drafts");
      this.#port.set({ drafts });
      unsent.delete(mark.id);
      // At one place there may be several.
      if (!this.#playback.question) this.#left();
      if (!this.#playback.isAtEnd) this.#playback.play();
    } catch (error) {
      say((error as Error).message);
    } finally {
      this.#isSending = this.#field.readOnly = false;
    }
  }
}
