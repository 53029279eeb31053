const OUTERMOST = ".dari-view:not(.dari-view .dari-view)";

/**
 * Leaves the last paper of a view that is about to be closed below it, where it is seen from then on.
 * Of all pages only the one that ran the cell is told of what is written in the cell's outputs.
 */
export function leavePaper(el: Element, html: string): void {
  const output = el.closest(".jp-OutputArea-child");
  const paper = output?.nextElementSibling?.querySelector(".dari-kept");
  // Below a box lies the paper of all its views.
  if (paper && output?.querySelectorAll(OUTERMOST).length === 1) paper.innerHTML = html;
}
