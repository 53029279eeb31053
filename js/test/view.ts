/** A view on a page, seen and worked from outside. */
import { afterEach, expect, vi } from "vitest";
import { keepKeys } from "../src/host/border";
import { holdFocus } from "../src/host/focus";
import type { Component } from "../src/host/port";
import type { FakePort } from "./port";

let closing = new AbortController();

afterEach(() => {
  closing.abort();
  closing = new AbortController();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Draws a component on the page as a notebook does. */
export function show<Traits extends object>(
  component: Component<Traits>,
  port: FakePort<Traits>,
): HTMLElement {
  const { signal } = closing;
  const el = document.body.appendChild(document.createElement("div"));
  component(port, signal)(el, signal);
  keepKeys(el, signal);
  holdFocus(el, signal);
  return el;
}

/** Ends what `show` began. */
export function close(): void {
  closing.abort();
}

/** Waits until a check passes. */
export function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { interval: 2, timeout: 3000 });
}

/** Lets everything happen that is due by now. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

/** The first element on the page that a selector finds; fails without one. */
export function find<Kind extends HTMLElement = HTMLElement>(selector: string): Kind {
  const found = document.querySelector<Kind>(selector);
  if (!found) throw new Error(`Nothing on the page is ${selector}.`);
  return found;
}

export function texts(selector: string): string[] {
  return [...document.querySelectorAll(selector)].map((one) => one.textContent?.trim() ?? "");
}

/** A button by its name: what it is labeled by, or else what stands on it. */
export function button(name: RegExp | string): HTMLButtonElement {
  const all = [...document.querySelectorAll("button")].filter((one) => !one.closest("[hidden]"));
  const nameOf = (one: Element) => one.getAttribute("aria-label") ?? one.textContent ?? "";
  const fits = (one: Element) =>
    name instanceof RegExp ? name.test(nameOf(one)) : name === nameOf(one);
  const found = all.find(fits);
  if (!found) throw new Error(`No button is ${name} among ${all.map(nameOf)}.`);
  return found;
}

/** Presses a key where the focus is. */
export function press(key: string, options: KeyboardEventInit = {}): KeyboardEvent {
  const all = { key, bubbles: true, composed: true, cancelable: true, ...options };
  const event = new KeyboardEvent("keydown", all);
  // To happy-dom each Alt is an AltGr.
  const getModifierState = (name: string) => name === "AltGraph" && !!options.modifierAltGraph;
  Object.defineProperty(event, "getModifierState", { value: getModifierState });
  (document.activeElement ?? document.body).dispatchEvent(event);
  document.activeElement?.dispatchEvent(new KeyboardEvent("keyup", { ...all, cancelable: false }));
  return event;
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/** Clicks on an element, as a pointer does: it has the focus then. */
export function click(element: Element, options: MouseEventInit = {}): void {
  const all = { bubbles: true, composed: true, cancelable: true, ...options };
  element.dispatchEvent(new PointerEvent("pointerdown", all));
  element.closest<HTMLElement>(FOCUSABLE)?.focus();
  element.dispatchEvent(new PointerEvent("pointerup", all));
  element.dispatchEvent(new MouseEvent("click", { detail: 1, ...all }));
}

/** Writes a text into a field, in place of what is there. */
export function write(field: Element, text: string): void {
  (field as HTMLInputElement).value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** Chooses a value in a menu. */
export function choose(menu: Element, value: string): void {
  (menu as HTMLSelectElement).value = value;
  for (const type of ["input", "change"]) menu.dispatchEvent(new Event(type, { bubbles: true }));
}

export function hasFocus(element: Element): void {
  expect(document.activeElement).toBe(element);
}

/** The shortcuts that are listed on the page for the reader, in its order. */
export function listed(): string[] {
  const all = [...document.querySelectorAll("dl.dari-keys kbd")];
  return all.filter((one) => !one.closest("[hidden]")).map((one) => one.textContent ?? "");
}
