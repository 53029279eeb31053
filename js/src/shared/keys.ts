import { isChord, runsCell } from "../host/border";
import { make } from "./dom";

/** What a key does; the sheet says it in these words. */
export interface Key {
  keys: string[];
  says: string;
  does: () => void;
}

/** Runs the action of a key, unless someone is typing or means the browser. */
export function onKeys(element: HTMLElement, keys: Key[], signal: AbortSignal): void {
  const pressed = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const isField = target.matches("input, select, textarea");
    if (isChord(event) || runsCell(event) || (isField && event.key !== "Escape")) return;
    // Enter and space belong to what has the focus when that is a control.
    const isControl = target.matches("button, summary, a");
    if (isControl && (event.key === "Enter" || event.key === " ")) return;
    const key = keys.find((one) => one.keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.does();
  };
  element.addEventListener("keydown", pressed, { signal });
}

/** The sheet of all keys. */
export function keySheet(keys: Omit<Key, "does">[]): HTMLElement {
  const rows = keys.map(({ keys: names, says }) =>
    make(
      "div",
      "",
      {},
      make("dt", "", {}, ...names.map((name) => make("kbd", "", {}, NAMES[name] ?? name))),
      make("dd", "", {}, says),
    ),
  );
  return make("dl", "dari-keys", { "aria-label": "Keys" }, ...rows);
}

const NAMES: Record<string, string> = {
  ArrowDown: "↓",
  ArrowUp: "↑",
  Escape: "Esc",
};
