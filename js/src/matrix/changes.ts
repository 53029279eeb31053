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

/** Compares the means of a score, as `dari_nb/render/matrix/outcomes.py` does. */
export function changesOf(sheet: Sheet, baseline: string, score: string): Changes | undefined {
  if (!(baseline && score)) return undefined;
  // The sum of numbers, how many there are, and how many cells failed or have none otherwise.
  const found = new Map<string, [number, number, number, number]>();
  const at = (row: string, column: string) => found.get(placeOf(row, column)) ?? [0, 0, 0, 0];
  for (const { row, column, scores, state } of sheet.cells.values()) {
    const value = scores[score];
    const of = at(row, column);
    if (typeof value === "number" || typeof value === "boolean") {
      of[0] += Number(value);
      of[1]++;
    } else of[state === "failed" ? 2 : 3]++;
    found.set(placeOf(row, column), of);
  }
  const changes: Changes = new Map();
  for (const row of sheet.rows.keys()) {
    for (const { id, bases } of sheet.columns) {
      const base = bases[baseline];
      if (!base) continue;
      const [sum, n, failed, others] = at(row, id);
      const [theirs, of, wrong] = at(row, base);
      const isKnown = of && !wrong && (n || (failed && !others));
      const change = isKnown ? changeOf(sum / (n + failed), theirs / of) : "none";
      changes.set(placeOf(row, id), failed && change !== "worse" ? "none" : change);
    }
  }
  return changes;
}

function changeOf(ours: number, theirs: number): Change {
  const least = NOTHING * Math.max(1, Math.abs(ours), Math.abs(theirs));
  if (Math.abs(ours - theirs) <= least) return "alike";
  return ours < theirs ? "worse" : "better";
}
