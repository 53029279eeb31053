import { atEnd } from "../shared/dom";
import { hasEnded, type Sheet } from "./sheet";

const REPORT_MS = 300;
/** What scrolls in the page is looked beyond, too, where the browser knows of that. */
const NEAR = { rootMargin: "400px", scrollMargin: "400px" } as IntersectionObserverInit;

/**
 * Watches which rows the reader is near to, and which of their cells are still at work.
 *
 * @param near Told of each row that comes near.
 * @param report Told of the cells after they changed, a few times a second at most.
 * @returns What takes each row's element once.
 */
export function sight(
  sheet: Sheet,
  near: (row: string) => void,
  report: (cells: string[]) => void,
  signal: AbortSignal,
): (body: HTMLElement) => void {
  const seen = new Set<string>();
  let reported = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      // In the matrix' order, whatever order the reader came by them in.
      const rows = [...sheet.rows.keys()].filter((row) => seen.has(row));
      const cells = rows.flatMap((row) => sheet.cellsOf(row));
      const ids = cells.filter((cell) => !hasEnded(cell)).map((cell) => cell.id);
      const now = `${ids}`;
      if (now !== reported) report(ids);
      reported = now;
    }, REPORT_MS);
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = (target as HTMLElement).dataset.row as string;
      if (isIntersecting) near(row);
      seen[isIntersecting ? "add" : "delete"](row);
    }
    soon();
  }, NEAR);
  sheet.subscribe(soon, signal);
  atEnd(signal, () => {
    observer.disconnect();
    clearTimeout(timer);
  });
  return (body) => observer.observe(body);
}
