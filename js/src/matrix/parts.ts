/** Gives a box as many children as it is to have; those that are there stay. */
export function fill(box: Element, count: number, make: () => Element): void {
  while (box.children.length > count) box.lastElementChild?.remove();
  while (box.children.length < count) box.append(make());
}

/** The one element below `root` that is there by construction. */
export function find<Kind extends HTMLElement>(root: ParentNode, selector: string): Kind {
  return root.querySelector(selector) as Kind;
}

const shown = new WeakMap<Element, string>();

/** Puts a text in place. */
export function setText(element: Element, text: string): void {
  shown.delete(element);
  element.textContent = text;
}

/** Puts a fragment made in Python in place, unless it is there already. */
export function put(element: Element, html: string): void {
  if (shown.get(element) === html) return;
  shown.set(element, html);
  element.innerHTML = html;
}

/** Of many figures in a box that are not folded away Tab finds one, and arrows lead on. */
export function rovingTabindex(box: Element, step = 0): HTMLElement | undefined {
  const all = [...box.querySelectorAll<HTMLElement>("[data-where]")].filter(
    (one) => !one.closest("details:not([open])"),
  );
  const at = all.findIndex((one) => one.matches(":focus"));
  const next = all[step ? at + step : Math.max(0, at)];
  for (const one of next ? all : []) one.tabIndex = one === next ? 0 : -1;
  return next;
}
