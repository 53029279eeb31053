/** The player as a page of its own, which holds all that it plays and asks nobody. */

import { focusOn } from "../shared/dom";
import { isUnsent } from "./answering";
import { player } from "./component";
import { PagePort, type Recorded } from "./page_port";
import { PrintedScenes } from "./printed";
import type { Chapter, Step } from "./wire";

const text = (name: string) => document.getElementById(name)?.textContent ?? "";
const told = (name: string) => JSON.parse(text(name));
const unpacked = <Thing>(base64: string): Promise<Thing> => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream("gzip"))).json();
};
const blocks = new Map<string, Promise<Step[][]>>();
const block = async (name: string) => {
  // What stands further down may not have been read yet, or in part only.
  if (!document.getElementById(name)?.nextSibling) await whole;
  return unpacked<Step[][]>(text(name));
};
const whole = new Promise((read) => {
  document.addEventListener("DOMContentLoaded", read);
});
// The first turn is in the page as it is: it is painted before anything else is unpacked.
requestAnimationFrame(() => setTimeout(begin));

async function begin(): Promise<void> {
  const el = document.getElementById("dari-player") as HTMLElement;
  const together = Number(el.dataset.together);
  const recorded: Recorded = {
    whole: told("dari-whole"),
    chapters: await unpacked<Chapter[]>(text("dari-chapters")),
    questions: text("dari-questions") ? await unpacked(text("dari-questions")) : {},
    steps: async (number) => {
      const name = `dari-turns-${Math.floor(number / together)}`;
      const read = blocks.get(name) ?? block(name);
      blocks.set(name, read);
      return (await read)[number % together] ?? [];
    },
  };
  // So that what is seen already is followed by the same.
  await recorded.steps(0);
  const { signal } = new AbortController();
  const port = new PagePort(recorded, { ...told("dari-state"), scope: location.pathname });
  player(port, signal)(el, signal);
  el.tabIndex = -1;
  el.focus();
  const scenes = new PrintedScenes(el, port, recorded, signal);
  await whole;
  offerAnswers(port, el);
  await scenes.read();
}

/** Offers the answers as a file, and asks whoever leaves without having sent and saved them. */
function offerAnswers(port: PagePort, el: HTMLElement): void {
  const [form, reader, said] = ["save", "reader", "saved"].map((name) =>
    document.getElementById(`dari-${name}`),
  );
  if (!form) return;
  let isSaved = true;
  port.answered = () => {
    form.hidden = isSaved = false;
    if (said) said.textContent = "";
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const who = (reader as HTMLInputElement).value.trim();
    const link = document.createElement("a");
    link.href = `data:application/jsonl;charset=utf-8,${encodeURIComponent(port.answers(who))}`;
    const named = [document.title, "answers", who, port.code].filter(Boolean).join(" ");
    // A name is no path.
    link.download = `${named.replace(/[^\p{L}\p{N} _-]/gu, "_")}.jsonl`;
    link.click();
    isSaved = true;
    const lacks = isUnsent(port) ? ": what you have written and not sent is not in it." : "";
    if (said) said.textContent = `Saved as ${link.download}${lacks}`;
    if (lacks) leadToQuestion(port, el);
  });
  addEventListener("beforeunload", (event) => {
    if (!isSaved || isUnsent(port)) event.preventDefault();
  });
}

/** Puts the reader where they write: at the open question, which is where all that is seen ends. */
function leadToQuestion(port: PagePort, el: HTMLElement): void {
  const { begins = 0, seconds = 0 } = port.chapters().at(-1) ?? {};
  focusOn(el);
  port.set({ at: begins + seconds });
  // Out of sight it takes no focus, and does once it is asked.
  el.querySelector<HTMLElement>(".dari-question textarea")?.focus();
}
