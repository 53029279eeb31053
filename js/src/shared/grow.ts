/** From where to where something is taken out of a text, and what comes there; in order. */
export type Edit = [number, number, string];

/** The newer form of a text. */
export function edited(text: string, edits: Edit[]): string {
  let [made, at] = ["", 0];
  for (const [start, end, come] of edits) {
    made += text.slice(at, start) + come;
    at = end;
  }
  return made + text.slice(at);
}

/** An answer grows while it is written; other items are replaced. */
export function isAnswer(item: Element): boolean {
  return item.classList.contains("dari-answer");
}

/** What scrolls by itself in an answer; its end is followed as long as that is in sight. */
const SCROLLS = /^(PRE|TABLE)$/;
/** Closer to the end than this counts as being there. */
const SLACK_PX = 24;

/** Makes an element what another one is, leaving alone all in it that is the same already. */
export function morph(element: Element, next: Element): void {
  const isAtEnd = SCROLLS.test(element.tagName) && endIsSeen(element);
  for (const name of element.getAttributeNames()) {
    if (!next.hasAttribute(name)) element.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  const come = [...next.childNodes];
  for (const [place, child] of come.entries()) {
    const old = element.childNodes[place];
    if (old === undefined) element.append(child);
    else if (!old.isEqualNode(child)) morphNode(old, child);
  }
  while (element.childNodes.length > come.length) element.lastChild?.remove();
  if (isAtEnd) element.scrollTop = element.scrollHeight;
}

function morphNode(old: ChildNode, next: ChildNode): void {
  if (old instanceof Text && next instanceof Text) {
    // What is selected stays so in a text that only grows.
    if (next.data.startsWith(old.data)) old.appendData(next.data.slice(old.data.length));
    else old.data = next.data;
  } else if (isAlike(old, next)) {
    morph(old as Element, next as Element);
  } else {
    old.replaceWith(next);
  }
}

function isAlike(old: Node, next: Node): boolean {
  return old instanceof HTMLElement && next instanceof HTMLElement && old.tagName === next.tagName;
}

function endIsSeen({ scrollTop, scrollHeight, clientHeight }: Element): boolean {
  return scrollHeight - scrollTop - clientHeight <= SLACK_PX;
}

const CARET = "dari-caret";
const BLOCK = "p, pre, h3, h4, h5, h6, ul, ol, li, blockquote, table, thead, tbody, tr, th, td";

/** Marks where an answer is being written: behind the last of its words, whatever they stand in. */
export function markEnd(answer: Element): void {
  for (const old of answer.querySelectorAll(`.${CARET}`)) old.classList.remove(CARET);
  if (!answer.hasAttribute("data-state")) return;
  let end = answer;
  while (end.lastElementChild?.matches(BLOCK)) end = end.lastElementChild;
  // A row that is not all there has empty cells at its end.
  while (end.matches("td, th") && !end.hasChildNodes() && end.previousElementSibling) {
    end = end.previousElementSibling;
  }
  if (end !== answer) end.classList.add(CARET);
}
