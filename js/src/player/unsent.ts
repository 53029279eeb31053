const KEY = Symbol.for("dari.unsent");
const page: typeof globalThis & { [KEY]?: Map<string, string> } = globalThis;
page[KEY] ??= new Map();

/**
 * What is written at questions and not sent, by the marks' ids. It is the page's, and so outlives
 * players whose kernel is gone; each of them has a script of its own.
 */
export const unsent = page[KEY];

/** Whether anything is. */
export function isUnsent(): boolean {
  return [...unsent.values()].some((text) => text.trim());
}
