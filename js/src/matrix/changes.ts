import type { Sheet } from "./sheet";

/** What became of a task in comparison with the baseline; `none` where nothing can be compared. */
export type Change = "worse" | "better" | "alike" | "none";
export const ORDER: Change[] = ["worse", "better", "alike", "none"];

/** By row and column as `placeOf` joins them, of columns that are compared. */
export type Changes = Map<string, Change>;

const NOTHING = 1e-9;

export function placeOf(row: string, column: string): string {
  return `${row}\n${column}`;
}

/** Compares the means of a score, as `dari_nb/render/matrix/against.py` does. */
export function changesOf(sheet: Sheet, baseline: string, score: string): Changes | undefined {
  if (!(baseline && score)) return undefined;
  const sums = new Map<string, [number, number]>();
  const failed = new Set<string>();
  for (const { row, column, scores, state } of sheet.cells.values()) {
    const value = scores[score];
    const isThere = typeof value === "number" || typeof value === "boolean";
    if (!isThere && state !== "failed") continue;
    const place = placeOf(row, column);
    if (!isThere) failed.add(place);
    const [sum, n] = sums.get(place) ?? [0, 0];
    sums.set(place, [sum + Number(isThere && value), n + 1]);
  }
  const changes: Changes = new Map();
  const compared = sheet.columns.filter(({ bases }) => bases[baseline]);
  for (const row of sheet.rows.keys()) {
    for (const { id, bases } of compared) {
      const [place, base] = [placeOf(row, id), placeOf(row, bases[baseline] as string)];
      const [ours, theirs] = [sums.get(place), sums.get(base)];
      const isKnown = ours && theirs && !failed.has(base);
      const change = isKnown ? changeOf(ours[0] / ours[1], theirs[0] / theirs[1]) : "none";
      changes.set(place, failed.has(place) && change !== "worse" ? "none" : change);
    }
  }
  return changes;
}

function changeOf(ours: number, theirs: number): Change {
  const least = NOTHING * Math.max(1, Math.abs(ours), Math.abs(theirs));
  if (Math.abs(ours - theirs) <= least) return "alike";
  return ours < theirs ? "worse" : "better";
}
