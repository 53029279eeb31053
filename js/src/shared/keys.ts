import { isChord, runsCell } from "../host/border";
import { make, on } from "./dom";

/** Keys and, in the words of their sheet, what they do. */
export type Told = readonly [keys: readonly string[], says: string];
/** The same with what is done. */
export type Key = readonly [...Told, does: () => void];

/** Runs the action of a key, unless someone is typing or means the browser. */
export function onKeys(element: HTMLElement, keys: Key[], signal: AbortSignal): void {
  const pressed = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const isTaken = isField(target) && event.key !== "Escape";
    if (isChord(event) || runsCell(event) || isTaken) return;
    // Enter and space belong to what has the focus when that is a control.
    const isControl = target.matches("button, summary, a");
    if (isControl && (event.key === "Enter" || event.key === " ")) return;
    const [, , does] = keys.find(([names]) => names.includes(event.key)) ?? [];
    if (!does) return;
    event.preventDefault();
    does();
  };
  on(element, "keydown", pressed, signal);
}

/** Whether something is typed or chosen there by keys; on a track the view's own keys lead. */
export function isField(element: HTMLElement): boolean {
  return element.matches("input:not([type=range]), select, textarea");
}

/** The sheet of all keys. */
export function keySheet(keys: readonly (Told | Key)[]): HTMLElement {
  const rows = keys.map(([names, says]) =>
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
