import { button, make } from "../shared/dom";
import type { Piece, Row } from "./wire";

/** What can be done with an item. */
export interface Actions {
  raw(id: string): Promise<string>;
  copy(id: string, form: string): Promise<string>;
  /** Says something in the one place that is read aloud. */
  say(words: string): void;
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
  element.dataset.item = row.id;
  element.dataset.rev = version;
  const body = make("div", "dari-piece");
  if (piece) body.innerHTML = piece.html;
  else body.append(make("p", "dari-more", {}, "…"));
  const keep = [...element.querySelectorAll(":scope > :is(.dari-menu, .dari-raw)")];
  element.replaceChildren(body, ...(keep.length > 0 ? keep : [menu()]));
  return true;
}

/** The button of a row with what it opens: raw JSON and copies. */
export function menuOf(id: string, actions: Actions, signal: AbortSignal): HTMLElement {
  const list = make("span", "dari-menu-list", { role: "group", "aria-label": "Item" });
  list.hidden = true;
  const toggle = button("⋯", () => open(list.hidden === true), signal, {
    "aria-label": "Copy, raw JSON",
    "aria-expanded": "false",
  });
  const wrapper = make("span", "dari-menu", {}, toggle, list);
  const open = (shown: boolean) => {
    list.hidden = !shown;
    toggle.setAttribute("aria-expanded", String(shown));
    if (shown) list.querySelector("button")?.focus();
  };
  const entry = (label: string, does: () => Promise<void>) => {
    const run = () => {
      open(false);
      toggle.focus();
      does().catch((error: Error) => actions.say(error.message));
    };
    list.append(button(label, run, signal));
  };
  for (const [form, label] of Object.entries(FORMS)) {
    entry(label, async () => {
      await toClipboard(await actions.copy(id, form), wrapper);
      actions.say("Copied.");
    });
  }
  entry("Raw JSON", () => toggleRaw(wrapper, id, actions));
  wrapper.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || list.hidden) return;
      event.stopPropagation();
      open(false);
      toggle.focus();
    },
    { signal },
  );
  return wrapper;
}

/** Shows the JSON behind an item below it, or hides it again. */
export async function toggleRaw(menu: HTMLElement, id: string, actions: Actions): Promise<void> {
  const row = menu.parentElement;
  const shown = row?.querySelector(":scope > .dari-raw");
  if (shown) {
    shown.remove();
    return;
  }
  const text = await actions.raw(id);
  row?.append(make("pre", "dari-raw", { tabindex: "0", "aria-label": "Raw JSON" }, text));
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
