import { isChord } from "../host/border";
import { atEnd, button, focused, focusOn, keep, make, on } from "../shared/dom";
import { isField } from "../shared/keys";
import { reveal } from "../shared/scrolling";
import { SENDS } from "../shared/sending";
import type { Answering } from "./answering";
import type { Playback } from "./playback";
import type { Mark } from "./wire";

const LETTER = /^[\p{L}\p{N}]$/u;
/** Keys that lead through a recording, one press after another, and would write in a field. */
const STEPS = /^[,.[\]]$/;
/** Keys that press a button. */
const PRESSES = /^( |Enter)$/;
const TWICE = "A double click presses once: press once more, if that is meant.";
const DROPS = "What you have written is not sent.";
const LEAVES = "What is written in another page is not sent.";

/** What a mark asks, and a place to write what one expects, before the rest is seen. */
export class Question {
  readonly element = make("form", "dari-question", { "aria-label": "A question" });
  readonly #answering: Answering;
  readonly #playback: Playback;
  readonly #left: () => void;
  readonly #signal: AbortSignal;
  readonly #text = make("div", "dari-ask");
  readonly #field = make("textarea", "", { rows: "2", "aria-label": "What you expect" });
  readonly #note = make("span", "dari-note", { role: "status" });
  readonly #send: HTMLButtonElement;
  readonly #line: HTMLElement;
  #shown: Mark | undefined;
  /** Skips the question though something is written: in no place where another button was before. */
  readonly #drop: HTMLButtonElement;
  /** What other pages have, each with a button. */
  readonly #beside = make("div", "");
  readonly #others = new Map<string, HTMLElement>();
  /** The key that is held in the player, and the one that led the reader to the field. */
  #held = "";
  #led = "";

  /** @param left Takes the focus when the question has gone. */
  constructor(answering: Answering, playback: Playback, left: () => void, signal: AbortSignal) {
    this.#answering = answering;
    this.#playback = playback;
    this.#left = left;
    this.#signal = signal;
    const skip = button("Skip", () => this.#skip(), signal);
    this.#send = button("Go on and see", () => void this.send(), signal, {
      class: "dari-main",
      title: SENDS,
    });
    const written = () => {
      if (this.#shown) answering.write(this.#shown.id, this.#field.value);
      this.#grow();
      this.#bring();
    };
    on(this.#field, "input", written, signal);
    on(this.element, "keydown", (event) => this.#holdKeys(event), signal);
    const once = { capture: true, signal };
    this.element.addEventListener("click", (event) => this.#pressOnce(event), once);
    const come = () => {
      answering.isWriting = true;
      this.lead();
    };
    const away = () => {
      this.#led = "";
      answering.isWriting = false;
      answering.keep();
    };
    on(this.#field, "focus", come, signal);
    on(this.#field, "blur", away, signal);
    on(this.element, "submit", (event) => event.preventDefault(), signal);
    const hint = make("small", "", {}, `${SENDS} sends`);
    this.#drop = button("Skip without it", () => void this.#reply(""), signal);
    this.#line = make("div", "dari-line", {}, this.#send, skip, hint, this.#note, this.#drop);
    this.element.append(this.#text, this.#field, this.#line, this.#beside);
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
    this.#drop.hidden = note !== DROPS && note !== LEAVES;
    if (this.#field.readOnly !== isSending) this.#field.readOnly = isSending;
    if (setText(this.#field, this.#answering.text(mark.id))) this.#grow();
    this.#showBeside(mark);
  }

  /** Puts the reader where they write. */
  focus(): void {
    focusOn(this.#field);
    this.#led = this.#held;
  }

  /** Brings all of it into sight, or as much of it as is seen at once above its buttons. */
  #bring(): void {
    reveal(this.element, this.#line);
  }

  /** Does so where the reader is in it. */
  lead(): void {
    if (this.element.contains(focused(this.element))) this.#bring();
  }

  /** Sends what is written, where something is asked. */
  async send(): Promise<void> {
    if (!this.#shown) return;
    if (this.#field.value.trim()) return this.#reply(this.#field.value);
    this.#answering.say(this.#shown.id, "Write what you expect first, or skip it.");
    this.focus();
  }

  /**
   * A letter that is typed anywhere beside a field while something is asked begins the answer.
   *
   * @param event Any key that is pressed in the player.
   */
  type(event: KeyboardEvent): void {
    this.#held = event.key;
    if (!this.#shown || isChord(event) || !LETTER.test(event.key)) return;
    if (isField(event.target as HTMLElement)) return;
    event.stopImmediatePropagation();
    this.focus();
  }

  /** No key is held any more. */
  release(): void {
    this.#held = "";
  }

  #turnTo(mark: Mark | undefined): void {
    const focus = focused(this.element);
    const hadFocus = this.element.contains(focus);
    this.#answering.keep();
    this.#shown = mark;
    this.element.hidden = mark === undefined;
    this.#field.value = mark ? this.#answering.text(mark.id) : "";
    if (mark) {
      // What the mark is called may tell what comes.
      // Sanitised by Python, like every fragment.
      this.#text.innerHTML = mark.html;
      this.#grow();
      this.#bring();
      if (focus && this.element.parentElement?.contains(focus)) this.focus();
    } else if (hadFocus) this.#left();
  }

  #showBeside({ id }: Mark): void {
    const others = this.#answering.beside(id);
    keep(this.#others, others, () => this.#row());
    for (const { id: page, text } of others) {
      const said = this.#others.get(page)?.querySelector("span");
      if (said && said.textContent !== text) said.textContent = text;
    }
  }

  #row(): HTMLElement {
    const text = make("span", "");
    const take = () => {
      if (this.#shown) this.#answering.take(this.#shown.id, text.textContent ?? "");
      this.focus();
      const end = this.#field.value.length;
      this.#field.setSelectionRange(end, end);
    };
    const said = make(
      "div",
      "dari-other",
      {},
      make("small", "", {}, "Written in another page"),
      text,
    );
    const row = make("div", "dari-line", {}, said, button("Take it over", take, this.#signal));
    this.#beside.append(row);
    return row;
  }

  /**
   * The key that led the reader here writes nothing as it is held on, nor where it is pressed again to
   * go further; what is pressed anew ends that. A key that is held presses a button once.
   */
  #holdKeys(event: KeyboardEvent): void {
    const { key, repeat } = event;
    if (key !== this.#led || !(repeat || STEPS.test(key))) this.#led = "";
    const isPressing = repeat && event.target !== this.#field && PRESSES.test(key);
    if (this.#led || isPressing) event.preventDefault();
  }

  /** Each click of several after the first may be meant for what was here before that. */
  #pressOnce(event: MouseEvent): void {
    const mark = this.#shown;
    if (event.detail < 2 || !mark || !(event.target as Element).closest("button")) return;
    event.stopImmediatePropagation();
    if (!this.#answering.note(mark)) this.#answering.say(mark.id, TWICE);
  }

  /** The field is as tall as what is in it. */
  #grow(): void {
    const { style } = this.#field;
    style.height = "auto";
    // Out of sight it has no height; it gets one as it comes into sight.
    if (this.#field.scrollHeight) style.height = `${this.#field.scrollHeight + 2}px`;
  }

  /** Skips the question; where something is written, here or elsewhere, that takes another button. */
  #skip(): void {
    const mark = this.#shown;
    if (!mark) return;
    const isBeside = this.#answering.beside(mark.id).length > 0;
    const lost = this.#answering.holds(mark) ? DROPS : isBeside ? LEAVES : "";
    if (lost) this.#answering.say(mark.id, lost);
    else void this.#reply("", false);
  }

  /** Sends what is expected; with nothing the question is skipped. */
  async #reply(text: string, isSure = true): Promise<void> {
    const mark = this.#shown;
    if (!mark || !(await this.#answering.send(mark, text, isSure))) return;
    // At one place there may be several.
    if (!this.#playback.question) this.#left();
  }
}

/** Puts a text into a field, whose caret stays in what stays; returns whether it was another one. */
function setText(field: HTMLTextAreaElement, text: string): boolean {
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
