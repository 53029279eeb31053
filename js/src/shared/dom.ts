/** Closes by Escape what has the focus in it, if it is open; nothing around hears of that key. */
export function onEscape(element: HTMLElement, close: () => void, isOpen = () => true): void {
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    event.stopPropagation();
    close();
  });
}

type Events = HTMLElementEventMap & WindowEventMap;

/** Listens until `signal` aborts. */
export function on<Type extends keyof Events>(
  target: EventTarget,
  type: Type,
  does: (event: Events[Type]) => void,
  signal: AbortSignal,
  options: AddEventListenerOptions = {},
): void {
  target.addEventListener(type, does as EventListener, { ...options, signal });
}

/** Does something when `signal` aborts. */
export function atEnd(signal: AbortSignal, done: () => void): void {
  signal.addEventListener("abort", done);
}

/** Gives an element attributes. */
export function setAttributes<Kind extends Element>(
  element: Kind,
  attributes: Record<string, string>,
): Kind {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Makes an element: a class, attributes by name, and what is in it. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  name: string,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = setAttributes(document.createElement(tag), attributes);
  if (name) element.className = name;
  element.append(...children);
  return element;
}

/** Makes a button that does something until `signal` aborts. */
export function button(
  label: string,
  does: (event: MouseEvent) => void,
  signal: AbortSignal,
  attributes: Record<string, string> = {},
): HTMLButtonElement {
  const element = make("button", "", { type: "button", ...attributes }, label);
  on(element, "click", does, signal);
  return element;
}

/** Has an element hold these, in their order; what stays in its place is not touched. */
export function arrange(element: Element, children: Element[]): void {
  const held = new Set(children);
  for (const child of [...element.children]) if (!held.has(child)) child.remove();
  for (const [place, child] of children.entries()) {
    const there = element.children[place] ?? null;
    if (there !== child) element.insertBefore(child, there);
  }
}

/** The element that has the focus, also inside of a shadow tree. */
export function focused(inside: Node): Element | null {
  const root: Node & Partial<DocumentOrShadowRoot> = inside.getRootNode();
  return root.activeElement ?? null;
}

/** Gives an element the focus, and scrolls nothing. */
export function focusOn(element: HTMLElement | null | undefined): void {
  element?.focus({ preventScroll: true });
}

/** Keeps an element for each thing by its id: what is being filled in stays as it is. */
export function keep<Thing extends { id: string }>(
  kept: Map<string, HTMLElement>,
  things: Thing[],
  add: (thing: Thing) => HTMLElement,
): void {
  for (const [id, element] of kept) {
    if (things.some((thing) => thing.id === id)) continue;
    element.remove();
    kept.delete(id);
  }
  for (const thing of things) if (!kept.has(thing.id)) kept.set(thing.id, add(thing));
}
