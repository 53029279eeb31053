import { find } from "./parts";
import type { Cell, Kept, Note, Rating } from "./wire";

/** What was given here, in place of what is told of the cell until the kernel's news come. */
type Given = { part: Partial<Kept>; isSaved: boolean; hasNews: boolean };

/** Asks the kernel; the answer is what stands there then. */
type Keep = (rating: Rating | Note) => Promise<{ body: Partial<Kept> }>;

/** Hears what became of a rating. */
type Told = (cell: Cell, words: string, isError: boolean) => void;

/** Ratings by hand, kept one after another, so that the last one of a cell stays. */
export class Ratings {
  readonly #keep: Keep;
  readonly #told: Told;
  readonly #given = new Map<string, Given>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param keep Returns what is kept then, or rejects with what went wrong, for the reader. */
  constructor(keep: Keep, told: Told) {
    this.#keep = keep;
    this.#told = told;
  }

  of(cell: Cell, name: string): Kept {
    const score = cell.scores[name];
    const value = typeof score === "number" ? score : null;
    return { value, note: cell.notes[name] ?? "", ...this.#given.get(cell.id)?.part };
  }

  /** Goes by what the kernel says of a cell, once what was given here is saved. */
  heard(cell: Cell): void {
    const given = this.#given.get(cell.id);
    if (given?.isSaved) this.#given.delete(cell.id);
    else if (given) given.hasNews = true;
  }

  /** Keeps a value or a note; the same value again takes it back. */
  rate(cell: Cell, name: string, change: Partial<Kept>): void {
    const now = change.value === this.of(cell, name).value ? { ...change, value: null } : change;
    const part = { ...this.#given.get(cell.id)?.part, ...now };
    const given: Given = { part, isSaved: false, hasNews: false };
    this.#given.set(cell.id, given);
    this.#told(cell, "saving …", false);
    this.#last = this.#last
      .then(() => this.#keep({ cell: cell.id, name, ...now } as Rating | Note))
      .then(({ body }) => {
        given.isSaved = true;
        Object.assign(given.part, body);
        const { value } = { ...this.of(cell, name), ...given.part };
        const without = now.note ? "note saved" : "taken back";
        const words = value === null ? without : `saved: ${value} of 5`;
        // The news of it came before the answer.
        if (given.hasNews && this.#given.get(cell.id) === given) this.#given.delete(cell.id);
        this.#told(cell, words, false);
      })
      .catch((error: Error) => {
        // What was not kept is not shown, unless something newer is on its way.
        if (this.#given.get(cell.id) === given) this.#given.delete(cell.id);
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

  show({ value, note }: Kept): void {
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
