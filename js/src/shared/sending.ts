/** The keys that send what is written. */
export const SENDS = `${/Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘" : "Ctrl"}+Enter`;

/** Sends what is written in an element by that key. */
export function sendsWith(element: HTMLElement, send: (event: KeyboardEvent) => void): void {
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    send(event);
  });
}
