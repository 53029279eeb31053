import { Timeline } from "../live/timeline";
import type { Change, Fragment } from "../live/wire";
import { make } from "../shared/dom";
import type { Mark, Step } from "./wire";

/** The version of what is no item. */
const MARK = -1;
const PENDING = /^<div class="dari-pending"(?! data-state="cancelled")/;

/**
 * What is seen before a turn, and its steps: with each mark that was passed behind the items that
 * were seen there.
 */
export function mergeMarks(steps: Step[], marks: Mark[]): Step[] {
  const all = [{ at: 0, changes: [] }, ...steps];
  const told = marks.filter(({ ask, answer }) => ask === null || answer !== null);
  if (told.length === 0) return all;
  const seen = new Timeline();
  let isMarked = false;
  const take = (change: Change): Change => {
    const placed = isMarked ? behindMarks(change, seen.fragments()) : change;
    seen.apply([placed]);
    return placed;
  };
  return all.map((step, number) => {
    const changes = step.changes.map(take);
    for (const mark of told) {
      if (mark.steps !== number) continue;
      const fragment = fragmentOf(mark, seen.fragments());
      seen.apply([fragment]);
      changes.push(fragment);
      isMarked = true;
    }
    return { ...step, changes };
  });
}

/** What a change is where marks stand behind the item that it names. */
function behindMarks(change: Change, items: Fragment[]): Change {
  if ("edits" in change || change.html === null) return change;
  let place = items.findIndex(({ id }) => id === change.after) + 1;
  while (items[place]?.rev === MARK) place++;
  return { ...change, after: items[place - 1]?.id ?? null };
}

/** A mark behind all that is there. */
function fragmentOf(mark: Mark, items: Fragment[]): Fragment {
  return {
    id: `mark:${mark.id}`,
    turn: items.at(-1)?.turn ?? "",
    after: items.filter((item) => !isPending(item)).at(-1)?.id ?? null,
    html: passed(mark).outerHTML,
    since: null,
    rev: MARK,
  };
}

/** Whether an item says only that something is to come. */
export function isPending({ html }: Fragment): boolean {
  return html !== null && PENDING.test(html);
}

/** A mark as it stands in a transcript, with what was expected there. */
export function passed({ ask, answer, html }: Mark): HTMLElement {
  const element = make("div", "dari-passed");
  // Sanitised by Python, like every fragment.
  element.innerHTML = html;
  if (ask === null) {
    element.dataset.state = "said";
    return element;
  }
  const expected = answer ? `you expected: ${answer}` : "skipped";
  const rest = answer === null ? "it goes on behind this question" : expected;
  // It goes on in the line of a paragraph, and stands below anything else.
  const last = element.querySelector(":scope > p:last-child");
  (last ?? element).append(make("span", "c", {}, `${last ? " · " : ""}${rest}`));
  return element;
}

/** What begins on a line of its own, or ends one. */
const LINES = "p, li, h3, h4, h5, h6, pre, blockquote, th, td, br";

/** What a mark asks, or else says, where there is only text: formulas as they were written. */
export function plainText({ html }: Mark): string {
  const element = make("div", "");
  element.innerHTML = html;
  for (const math of element.querySelectorAll("math"))
    math.replaceWith(math.querySelector("annotation")?.textContent ?? "");
  for (const line of element.querySelectorAll(LINES)) line.after("\n");
  const lines = (element.textContent ?? "").split("\n").map((line) => line.trim());
  return lines.filter(Boolean).join(" · ");
}
