import { find } from "./parts";
import type { Cell, Rating } from "./wire";

/** A rating as far as it is known here: the kernel's news come a moment later. */
type Known = Pick<Rating, "value" | "note">;

/** A rating that was given here, until the kernel has told what came of it. */
type Given = { known: Known; isSaved: boolean; hasNews: boolean };

/** Hears what became of a rating. */
type Told = (cell: Cell, words: string, isError: boolean) => void;

/** Ratings by hand, kept one after another, so that the last one of a cell stays. */
export class Ratings {
  readonly #keep: (rating: Rating) => Promise<unknown>;
  readonly #told: Told;
  readonly #given = new Map<string, Given>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param keep Rejects with what went wrong, for the reader. */
  constructor(keep: (rating: Rating) => Promise<unknown>, told: Told) {
    this.#keep = keep;
    this.#told = told;
  }

  of(cell: Cell, name: string): Known {
    const score = cell.scores[name];
    const value = typeof score === "number" ? score : null;
    return this.#given.get(cell.id)?.known ?? { value, note: cell.notes[name] ?? "" };
  }

  /** Goes by what the kernel says of a cell, once what was given here is saved. */
  heard(cell: Cell): void {
    const given = this.#given.get(cell.id);
    if (given?.isSaved) this.#given.delete(cell.id);
    else if (given) given.hasNews = true;
  }

  /** Keeps a value or a note; the same value again takes it back. */
  rate(cell: Cell, name: string, change: Partial<Known>): void {
    const before = this.of(cell, name);
    const now = { ...before, ...change };
    if (change.value === before.value) now.value = null;
    const given = { known: now, isSaved: false, hasNews: false };
    this.#given.set(cell.id, given);
    this.#told(cell, "saving …", false);
    const words = now.value === null ? "saved, not rated" : `saved: ${now.value} of 5`;
    this.#last = this.#last
      .then(() => this.#keep({ cell: cell.id, name, ...now }))
      .then(() => {
        given.isSaved = true;
        // The news of it came before the answer.
        if (given.hasNews && this.#given.get(cell.id) === given) this.#given.delete(cell.id);
        this.#told(cell, words, false);
      })
      .catch((error: Error) => {
        // What was not kept is not shown, unless something newer is on its way.
        if (this.#given.get(cell.id) === given) {
          given.known = before;
          given.isSaved = true;
        }
        this.#told(cell, error.message, true);
      });
  }
}

/** The line that shows the rating of the open cell. */
export class RatingLine {
  readonly element: HTMLElement;
  readonly note: HTMLInputElement;
  readonly #told: HTMLElement;

  constructor(element: HTMLElement) {
    this.element = element;
    this.note = find(element, "input");
    this.#told = find(element, "span");
  }

  show({ value, note }: Known): void {
    for (const button of this.element.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.value) === value));
    }
    if (!this.note.matches(":focus")) this.note.value = note;
  }

  tell(words: string, isError = false): void {
    this.#told.textContent = words;
    this.#told.toggleAttribute("data-error", isError);
  }
}
