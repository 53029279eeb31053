/** A kernel that has not answered by then is busy with a cell, and that is said. */
export const PATIENCE_MS = 800;
export const SILENT =
  "The kernel does not answer yet, and may be busy with a cell; this shows when it does.";

/** Waits for what a kernel answers, and says when that takes long. */
export async function sayingBusy<Answer>(
  answer: Promise<Answer>,
  say: (note: string) => void,
): Promise<Answer> {
  const busy = setTimeout(say, PATIENCE_MS, SILENT);
  try {
    return await answer;
  } finally {
    clearTimeout(busy);
  }
}
