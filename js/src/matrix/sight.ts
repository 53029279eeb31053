import { hasEnded, type Sheet } from "./sheet";

const REPORT_MS = 300;

/** Which cells the reader sees that are still at work. */
export class Sight {
  readonly #sheet: Sheet;
  readonly #report: (cells: string[]) => void;
  readonly #rows = new Set<string>();
  readonly #observer = new IntersectionObserver((entries) => this.#seen(entries));
  #reported = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report Told of them after they changed, a few times a second at most. */
  constructor(sheet: Sheet, report: (cells: string[]) => void, signal: AbortSignal) {
    this.#sheet = sheet;
    this.#report = report;
    sheet.subscribe(() => this.#soon(), signal);
    signal.addEventListener("abort", () => {
      this.#observer.disconnect();
      clearTimeout(this.#timer);
    });
  }

  observe(row: HTMLElement): void {
    this.#observer.observe(row);
  }

  #seen(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const row = (target as HTMLElement).dataset.row ?? "";
      if (isIntersecting) this.#rows.add(row);
      else this.#rows.delete(row);
    }
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // In the matrix' order, whatever order the reader came by them in.
      const rows = [...this.#sheet.rows.keys()].filter((row) => this.#rows.has(row));
      const cells = rows.flatMap((row) => this.#sheet.cellsOf(row));
      const ids = cells.filter((cell) => !hasEnded(cell)).map((cell) => cell.id);
      const now = ids.join("\n");
      if (now !== this.#reported) this.#report(ids);
      this.#reported = now;
    }, REPORT_MS);
  }
}
