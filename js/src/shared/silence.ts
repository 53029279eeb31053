/** A kernel that has not answered by then is busy with a cell, and that is said. */
export const PATIENCE_MS = 800;
export const SILENT =
  "The kernel does not answer yet, and may be busy with a cell; this shows when it does.";
