import { Timeline } from "../live/timeline";
import type { Change, Fragment } from "../live/wire";
import { make } from "../shared/dom";
import type { Mark, Step } from "./wire";

/** The version of what is no item. */
const MARK = -1;
const PENDING = /^<div class="dari-pending"(?! data-state="cancelled")/;

/** The steps of a turn, with each mark that was passed behind the items that were seen there. */
export function woven(steps: Step[], marks: Mark[]): Step[] {
  const told = marks.filter(({ ask, answer }) => ask === null || answer !== null);
  if (told.length === 0) return steps;
  const seen = new Timeline();
  let isMarked = false;
  const take = (change: Change): Change => {
    const placed = isMarked ? behindMarks(change, seen.fragments()) : change;
    seen.apply([placed]);
    return placed;
  };
  return steps.map((step, number) => {
    const changes = step.changes.map(take);
    for (const mark of told) {
      // What stands in front of all is seen with the first step.
      if (Math.max(1, mark.steps) !== number + 1) continue;
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
  const isBefore = (item: Fragment) => (mark.steps > 0 ? !isPending(item) : item.rev === MARK);
  return {
    id: `mark:${mark.id}`,
    turn: items[0]?.turn ?? "",
    after: items.filter(isBefore).at(-1)?.id ?? null,
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
export function passed({ ask, answer, text }: Mark): HTMLElement {
  if (ask === null) return make("p", "dari-passed", {}, text);
  const expected = answer ? `you expected: ${answer}` : "skipped";
  const rest = answer === null ? "it goes on behind this question" : expected;
  return make("p", "dari-passed", {}, ask, make("span", "", {}, ` · ${rest}`));
}
