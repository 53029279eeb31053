import { UNANSWERED } from "../host/port";
import { find } from "./parts";
import type { Cell, Kept, Note, Rating } from "./wire";

/** What a cell is rated. */
export type Said = Pick<Kept, "value" | "note">;

/**
 * What was given here, in place of what is told of the cell until the kernel's news of it come:
 * `kept` is the how many-th rating it is, once it is saved, and `heard` up to which news have come.
 */
type Given = { part: Partial<Said>; kept?: number; heard: number };

/** What was not kept, and why; of what was sent to a kernel that is gone nobody knows. */
export type Lost = { cell: Cell; why: string; isSent: boolean };

/** How long whoever rates pauses before they rate anew, and have seen what was said before. */
const REST_MS = 3000;

/** Asks the kernel; the answer is what stands there then. */
type Keep = (rating: Rating | Note) => Promise<{ body: Partial<Kept> }>;

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
  /** How many are not saved yet. */
  waiting = 0;
  /** What was not kept since whoever rates rested last, but for cells that were rated again. */
  lost: Lost[] = [];
  #last = 0;

  /** @param keep Returns what is kept then, or rejects with what went wrong, for the reader. */
  constructor(keep: Keep, told: Told, drawn: Drawn) {
    this.#keep = keep;
    this.#told = told;
    this.#drawn = drawn;
  }

  of(cell: Cell, name: string): Said {
    const score = cell.scores[name];
    const value = typeof score === "number" ? score : null;
    return { value, note: cell.notes[name] ?? "", ...this.#given.get(cell.id)?.part };
  }

  /** Goes by what the kernel says of a cell, once what was given here is in that. */
  heard(cell: Cell, kept: number): void {
    const given = this.#given.get(cell.id);
    if (given) this.#know(cell, given, Math.max(kept, given.heard));
  }

  #know(cell: Cell, given: Given, heard: number): void {
    given.heard = heard;
    const isTold = given.kept !== undefined && given.kept <= heard;
    if (isTold && this.#given.get(cell.id) === given) this.#given.delete(cell.id);
  }

  /** Keeps a value, or takes it back where it is none, or keeps a note. */
  rate(cell: Cell, name: string, change: Partial<Said>): void {
    const hasRested = Date.now() - this.#last > REST_MS;
    this.#last = Date.now();
    const part = { ...this.#given.get(cell.id)?.part, ...change };
    const given: Given = { part, heard: -1 };
    this.#given.set(cell.id, given);
    this.waiting++;
    this.#told(cell, "", false);
    this.#keep({ cell: cell.id, name, ...change } as Rating | Note)
      .finally(() => this.waiting--)
      .then(({ body: { kept = 0, cells = [], ...said } }) => {
        this.lost = this.lost.filter((one) => !hasRested && one.cell.id !== cell.id);
        given.kept = kept;
        Object.assign(given.part, said);
        this.#drawn(cells, kept);
        const { value } = { ...this.of(cell, name), ...given.part };
        const without = change.note ? "note saved" : "taken back";
        const words = value === null ? without : `saved: ${value} of 5`;
        // The news of it may have come before the answer.
        this.#know(cell, given, given.heard);
        this.#told(cell, words, false);
      })
      .catch((error: Error) => {
        // What was not kept is not shown, unless something newer is on its way.
        if (this.#given.get(cell.id) === given) this.#given.delete(cell.id);
        this.lost.push({ cell, why: error.message, isSent: error.cause === UNANSWERED });
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

  show({ value, note }: Said): void {
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
