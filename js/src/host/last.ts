const OUTERMOST = ".dari-view:not(.dari-view .dari-view)";

/**
 * Leaves the last static output of a view that is about to be closed below it, where it is seen from then on.
 * Of all pages only the one that ran the cell is told of what is written in the cell's outputs.
 */
export function leaveStaticOutput(el: Element, html: string): void {
  const output = el.closest(".jp-OutputArea-child");
  const staticOutput = output?.nextElementSibling?.querySelector(".dari-kept");
  // Below a box lies the static output of all its views.
  if (staticOutput && output?.querySelectorAll(OUTERMOST).length === 1)
    staticOutput.innerHTML = html;
}
