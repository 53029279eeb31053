import { UNANSWERED } from "../host/port";
import { setAttributes } from "../shared/dom";
import { find } from "./parts";
import type { Cell, Note, Rating, StoredRating } from "./wire";

/** What a cell is rated. */
export type Said = Pick<StoredRating, "value" | "note">;

/**
 * What was given here, in place of what is told of the cell until the kernel's news of it come:
 * `kept` is the how many-th rating it is, once it is saved, and `heard` up to which news have come.
 * `why` is why it is not kept; of what was sent and is not answered nobody knows whether it is.
 */
export type Given = {
  cell: Cell;
  about: keyof Said;
  part: Partial<Said>;
  kept?: number;
  heard: number;
  why: string;
  isSent: boolean;
};

const OVERTAKEN = "no answer came: wait a moment, and look at them.";

/** How long whoever rates pauses before they rate anew, and have seen what was said before. */
const REST_MS = 3000;

/** Asks the kernel; the answer is what stands there then. */
type Keep = (rating: Rating | Note) => Promise<{ body: Partial<StoredRating> }>;

/** Hears what became of a rating. */
type Told = (cell: Cell, words: string, isError: boolean) => void;

/** Takes cells as they are shown with so many ratings. */
type Drawn = (cells: Cell[], kept: number) => void;

/** Ratings by hand, which the kernel keeps one after another: the last one of a cell stays. */
export class Ratings {
  readonly #keep: Keep;
  readonly #told: Told;
  readonly #drawn: Drawn;
  readonly #given = new Map<string, Given>();
  /** What is on its way, in order. */
  #sent: Given[] = [];
  /** What was not kept since whoever rates rested last, but for what was given again. */
  lost: Given[] = [];
  #last = 0;
  /** Notes that were not kept: each stays in the field of its cell. */
  readonly #notes = new Map<string, string>();

  /** @param keep Returns what is kept then, or rejects with what went wrong, for the reader. */
  constructor(keep: Keep, told: Told, drawn: Drawn) {
    this.#keep = keep;
    this.#told = told;
    this.#drawn = drawn;
  }

  of(cell: Cell, name: string): Said {
    const score = cell.scores[name];
    const value = typeof score === "number" ? score : null;
    const note = this.#notes.get(cell.id) ?? cell.notes[name] ?? "";
    return { value, note, ...this.#given.get(cell.id)?.part };
  }

  /** How many are not saved yet. */
  get waiting(): number {
    return this.#sent.length;
  }

  /** Whether this is a note that was not kept. */
  isLost(cell: Cell, note: string): boolean {
    return this.#notes.get(cell.id) === note;
  }

  /** Goes by what the kernel says of a cell, once what was given here is in that. */
  heard(cell: Cell, kept: number): void {
    const given = this.#given.get(cell.id);
    if (given) this.#know(given, Math.max(kept, given.heard));
  }

  #know(given: Given, heard: number): void {
    given.heard = heard;
    if (given.kept !== undefined && given.kept <= heard) this.#forget(given);
  }

  /** Shows no longer what was given, unless something newer is on its way. */
  #forget(given: Given): void {
    if (this.#given.get(given.cell.id) === given) this.#given.delete(given.cell.id);
  }

  /** Keeps a value, or takes it back where it is none, or keeps a note. */
  rate(cell: Cell, name: string, change: Partial<Said>): void {
    // What was told before a rest has been seen.
    const seen = Date.now() - this.#last > REST_MS ? this.lost : [];
    this.#last = Date.now();
    const part = { ...this.#given.get(cell.id)?.part, ...change };
    const about = "note" in change ? "note" : "value";
    const given: Given = { cell, about, part, heard: -1, why: OVERTAKEN, isSent: true };
    this.#given.set(cell.id, given);
    this.#sent.push(given);
    this.#told(cell, "", false);
    this.#keep({ cell: cell.id, name, ...change } as Rating | Note)
      .then(({ body: { kept = 0, cells = [], ...said } }) => {
        // They are kept in order: what was sent before and is not answered is no longer on its way.
        const sent = this.#sent.splice(0, this.#sent.indexOf(given) + 1);
        for (const one of sent) if (one !== given) this.#forget(one);
        this.lost = [...this.lost, ...sent].filter(
          (one) => !seen.includes(one) && (one.cell.id !== cell.id || one.about !== about),
        );
        if (about === "note") this.#notes.delete(cell.id);
        given.kept = kept;
        Object.assign(given.part, said);
        this.#drawn(cells, kept);
        const { value } = { ...this.of(cell, name), ...given.part };
        const without = change.note ? "note saved" : "taken back";
        const words = value === null ? without : `saved: ${value} of 5`;
        // The news of it may have come before the answer.
        this.#know(given, given.heard);
        this.#told(cell, words, false);
      })
      .catch(({ message, cause }: Error) => {
        const others = (one: Given) => one !== given;
        const { note } = change;
        if (note && this.#given.get(cell.id)?.part.note === note) this.#notes.set(cell.id, note);
        this.#forget(given);
        given.isSent = cause === UNANSWERED;
        given.why = given.isSent ? `${message.slice(0, -1)}, and look at them.` : message;
        this.#sent = this.#sent.filter(others);
        this.lost = [...this.lost.filter(others), given];
        this.#told(cell, message, true);
      });
  }
}

/** The line that shows the rating of the open cell. */
export class RatingLine {
  readonly element: HTMLElement;
  readonly #told: HTMLElement;
  /** The cell that the field is of. */
  #of: string | undefined;

  constructor(element: HTMLElement) {
    this.element = element;
    this.#told = find(element, "span");
  }

  get note(): HTMLInputElement {
    return find(this.element, "input");
  }

  /** Shows what is said of a cell; another one's note has a field of its own, with its own undo. */
  show({ value, note }: Said, of: string): void {
    for (const button of this.element.querySelectorAll("button")) {
      setAttributes(button, { "aria-pressed": String(Number(button.value) === value) });
    }
    if ((this.#of ?? of) !== of) {
      // What is typed is kept as when one leaves it.
      this.note.blur();
      this.note.replaceWith(this.note.cloneNode());
    }
    this.#of = of;
    if (!this.note.matches(":focus")) this.showNote(note);
  }

  /** From here on, another one is written by the reader. */
  showNote(note: string): void {
    this.note.value = this.note.defaultValue = note;
  }

  setStatus(words: string, isError = false): void {
    this.#told.textContent = words;
    this.#told.toggleAttribute("data-error", isError);
  }
}
