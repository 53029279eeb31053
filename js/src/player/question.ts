import { isChord } from "../host/border";
import { atEnd, button, focused, make, onEscape, SENDS } from "../shared/dom";
import type { Answering } from "./answering";
import type { Playback } from "./playback";
import type { Mark } from "./wire";

const LETTER = /^[\p{L}\p{N}]$/u;
/** Keys that press a button. */
const PRESSES = /^( |Enter)$/;
/** Keys that lead through a recording, and would write in a field. */
const STEPS = /^[,.[\]]$/;
/** So long words stand there before they are sent or dropped by whoever did not write them now. */
const READ_MS = 500;
const TOO_SOON = "Read this first, and press once more.";
const DROPS = "What you have written is not kept: skip once more to go on without it.";

/** What a mark asks, and a place to write what one expects, before the rest is seen. */
export class Question {
  readonly element = make("form", "dari-question", { "aria-label": "A question" });
  readonly #answering: Answering;
  readonly #playback: Playback;
  readonly #left: () => void;
  readonly #text = make("div", "dari-ask");
  readonly #field = make("textarea", "", { rows: "2", "aria-label": "What you expect" });
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #send: HTMLButtonElement;
  readonly #line: HTMLElement;
  #shown: Mark | undefined;
  /** Whether the reader was put where they write, and may still be pressing what led them there. */
  #isLed = false;
  /** When what stands here, and was not written right here, came into sight. */
  #unread = Number.NEGATIVE_INFINITY;

  /** @param left Takes the focus when the question has gone. */
  constructor(answering: Answering, playback: Playback, left: () => void, signal: AbortSignal) {
    this.#answering = answering;
    this.#playback = playback;
    this.#left = left;
    const skip = button("Skip", (event) => this.#skip(event), signal);
    this.#send = button("Go on and see", () => void this.send(), signal, {
      class: "dari-main",
      title: SENDS,
    });
    const written = () => {
      if (this.#shown) this.#write(this.#shown);
      this.#grow();
      this.#bring();
    };
    this.#field.addEventListener("input", written, { signal });
    this.element.addEventListener("keydown", (event) => this.#holdKeys(event), { signal });
    const away = () => {
      this.#isLed = false;
      answering.keep();
    };
    this.#field.addEventListener("focus", () => this.lead(), { signal });
    this.#field.addEventListener("blur", away, { signal });
    onEscape(this.#field, left);
    this.element.addEventListener("submit", (event) => event.preventDefault(), { signal });
    const hint = make("small", "", {}, `${SENDS} sends`);
    this.#line = make("div", "dari-line", {}, this.#send, skip, hint, this.#note);
    this.element.append(this.#text, this.#field, this.#line);
    this.element.hidden = true;
    const sizes = new ResizeObserver(() => this.#grow());
    sizes.observe(this.element);
    atEnd(signal, () => sizes.disconnect());
  }

  show(): void {
    const mark = this.#playback.isPlaying ? undefined : this.#playback.question;
    if (mark?.id !== this.#shown?.id) this.#turnTo(mark);
    if (!mark) return;
    const { isSending } = this.#answering;
    const note = this.#answering.note(mark);
    if (this.#note.textContent !== note) this.#note.textContent = note;
    if (this.#field.readOnly !== isSending) this.#field.readOnly = isSending;
    if (become(this.#field, this.#answering.text(mark.id))) {
      this.#came(mark);
      this.#grow();
    }
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
    const isEmpty = !this.#field.value.trim();
    if (!isEmpty && this.#isRead) return this.#reply(this.#field.value);
    const why = isEmpty ? "Write what you expect first, or skip it." : TOO_SOON;
    this.#answering.say(this.#shown.id, why);
    if (isEmpty) this.focus();
  }

  /** A letter that is typed anywhere beside a field while something is asked begins the answer. */
  type(event: KeyboardEvent): void {
    const isField = (event.target as HTMLElement).matches("input, select, textarea");
    if (!this.#shown || isField || isChord(event) || !LETTER.test(event.key)) return;
    event.stopImmediatePropagation();
    this.focus();
  }

  #turnTo(mark: Mark | undefined): void {
    const focus = focused(this.element);
    const hadFocus = this.element.contains(focus);
    this.#answering.keep();
    this.#shown = mark;
    this.element.hidden = mark === undefined;
    this.#field.value = mark ? this.#answering.text(mark.id) : "";
    if (mark) {
      this.#came(mark);
      // What the mark is called may tell what comes.
      // Sanitised by Python, like every fragment.
      this.#text.innerHTML = mark.html;
      this.#grow();
      this.#bring();
      if (focus && this.element.parentElement?.contains(focus)) {
        this.focus();
        this.#isLed = true;
      }
    } else if (hadFocus) this.#left();
  }

  /** Something stands here; who wrote it in this page knows it. */
  #came(mark: Mark): void {
    this.#unread = this.#answering.holds(mark) ? Number.NEGATIVE_INFINITY : performance.now();
  }

  get #isRead(): boolean {
    return performance.now() - this.#unread >= READ_MS;
  }

  /** What a reader writes is read; an empty line or a blank more is not writing. */
  #write({ id }: Mark): void {
    const { value } = this.#field;
    if (value.trim() !== this.#answering.text(id).trim()) this.#unread = Number.NEGATIVE_INFINITY;
    this.#answering.write(id, value);
  }

  /**
   * A key that is held presses a button once, and what led the reader here writes nothing until they
   * have written something else.
   */
  #holdKeys(event: KeyboardEvent): void {
    const isField = event.target === this.#field;
    const isHeld = event.repeat && PRESSES.test(event.key);
    const leads = isField && this.#isLed && (isHeld || STEPS.test(event.key));
    if (leads || (isHeld && !isField)) event.preventDefault();
    else if (isField && event.key.length === 1) this.#isLed = false;
  }

  /** The field is as tall as what is in it. */
  #grow(): void {
    const { style } = this.#field;
    style.height = "auto";
    // Out of sight it has no height; it gets one as it comes into sight.
    if (this.#field.scrollHeight) style.height = `${this.#field.scrollHeight + 2}px`;
  }

  /** Skips the question, and what is written there only once that is known and was read. */
  #skip({ detail }: MouseEvent): void {
    const mark = this.#shown;
    if (!mark) return;
    const isEmpty = !this.#field.value.trim();
    const isKnown = isEmpty || this.#answering.note(mark) === DROPS;
    if (isKnown && (this.#isRead || (isEmpty && detail < 2))) void this.#reply("");
    else if (isEmpty) this.#answering.say(mark.id, TOO_SOON);
    else if (!isKnown) {
      this.#answering.say(mark.id, DROPS);
      this.#unread = performance.now();
    }
  }

  /** Sends what is expected; with nothing the question is skipped. */
  async #reply(text: string): Promise<void> {
    const mark = this.#shown;
    if (!mark || !(await this.#answering.send(mark, text))) return;
    // At one place there may be several.
    if (!this.#playback.question) this.#left();
  }
}

/** Puts a text into a field, whose caret stays in what stays; returns whether it was another one. */
function become(field: HTMLTextAreaElement, text: string): boolean {
  const was = field.value;
  if (was === text) return false;
  const most = Math.min(was.length, text.length);
  let [head, tail] = [0, 0];
  while (head < most && was[head] === text[head]) head++;
  while (tail < most - head && was.at(-1 - tail) === text.at(-1 - tail)) tail++;
  const changed = text.slice(head, text.length - tail);
  field.setRangeText(changed, head, was.length - tail, was === "" ? "end" : "preserve");
  return true;
}
