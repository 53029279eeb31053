import { button, make, on, onEscape } from "../shared/dom";
import { isAnswer, markEnd, morph } from "../shared/grow";
import type { Piece, Row } from "./wire";

/** What can be done with any item. */
export interface Shared {
  raw(id: string): Promise<string>;
  copy(id: string, form: string): Promise<string>;
  /** Says something in the one place that is read aloud. */
  say(words: string): void;
}

/** What can be done with one item. */
export interface Actions extends Shared {
  more(): [string, () => Promise<void>][];
}

const FORMS: Record<string, string> = {
  text: "Copy text",
  markdown: "Copy Markdown",
  json: "Copy JSON",
  link: "Copy link",
};

/** Brings a row's element up to date; returns whether its content is new. */
export function drawRow(
  element: HTMLElement,
  row: Row,
  piece: Piece | undefined,
  menu: () => HTMLElement,
): boolean {
  element.setAttribute("aria-label", row.label);
  const version = piece ? String(piece.rev) : "";
  if (element.dataset.item === row.id && element.dataset.rev === version) return false;
  const isAnother = element.dataset.item !== row.id;
  element.dataset.item = row.id;
  element.dataset.rev = version;
  const body = make("div", "dari-piece");
  if (piece) body.innerHTML = piece.html;
  else body.append(make("p", "dari-more", {}, "…"));
  const [before, next] = [element.firstElementChild?.firstElementChild, body.firstElementChild];
  if (before && next && isAnswer(before) && isAnswer(next)) {
    morph(before, next);
    markEnd(before);
    if (isAnother) element.querySelector(":scope > .dari-menu")?.replaceWith(menu());
    return true;
  }
  if (next && isAnswer(next)) markEnd(next);
  // What was opened below it stays, with the focus that is in it.
  if (before) element.firstElementChild?.replaceWith(body);
  else element.replaceChildren(body, menu());
  return true;
}

/** The button of a row with what it opens: raw JSON and copies. */
export function menuOf(id: string, actions: Actions, signal: AbortSignal): HTMLElement {
  const list = make("span", "dari-menu-list", { popover: "", role: "group", "aria-label": "Item" });
  const toggle = make("button", "", { type: "button", "aria-label": "Copy, raw JSON" }, "⋯");
  toggle.popoverTargetElement = list;
  const wrapper = make("span", "dari-menu", {}, toggle, list);
  const close = () => {
    list.hidePopover();
    toggle.focus();
  };
  const entry = (label: string, does: () => Promise<void>) => {
    const run = () => {
      close();
      does().catch((error: Error) => actions.say(error.message));
    };
    list.append(button(label, run, signal));
  };
  const fill = (event: ToggleEvent) => {
    if (event.newState === "closed") return;
    list.replaceChildren();
    for (const [label, does] of actions.more()) entry(label, does);
    for (const [form, label] of Object.entries(FORMS)) {
      entry(label, async () => {
        await toClipboard(await actions.copy(id, form), wrapper);
        actions.say("Copied.");
      });
    }
    entry("Raw JSON", () => toggleRaw(wrapper, actions));
    list.querySelector("button")?.setAttribute("autofocus", "");
  };
  on(list, "beforetoggle", fill, signal);
  onEscape(wrapper, close, () => list.matches(":popover-open"));
  return wrapper;
}

/** Shows the JSON behind an item below it, or hides it again. */
export async function toggleRaw(menu: HTMLElement, actions: Shared): Promise<void> {
  const row = menu.parentElement as HTMLElement;
  const shown = row.querySelector(":scope > .dari-raw");
  if (shown) return shown.remove();
  const text = await actions.raw(row.dataset.item as string);
  row.append(make("pre", "dari-raw", { tabindex: "0", "aria-label": "Raw JSON" }, text));
}

/** Some hosts lend no clipboard to frames; there an old way still works. */
async function toClipboard(text: string, near: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", "dari-spoken", {});
    field.value = text;
    near.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("This page may not use the clipboard.");
  }
}
