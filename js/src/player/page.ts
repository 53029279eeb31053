/** The player as a page of its own, which holds all that it plays and asks nobody. */

import { player } from "./component";
import { PagePort, type Recorded } from "./page_port";

const told = (name: string) => JSON.parse(document.getElementById(name)?.textContent ?? "[]");
const whole = new Promise((read) => {
  document.addEventListener("DOMContentLoaded", read);
});
const recorded: Recorded = {
  whole: told("dari-whole"),
  chapters: told("dari-chapters"),
  steps: async (number) => {
    // What stands further down may not have been read yet.
    if (!document.getElementById(`dari-turn-${number}`)) await whole;
    return told(`dari-turn-${number}`);
  },
};
const el = document.getElementById("dari-player");
const { signal } = new AbortController();
if (el) {
  const port = new PagePort(recorded, told("dari-state"));
  player(port, signal)(el, signal);
  el.tabIndex = -1;
  el.focus();
  void whole.then(() => offerAnswers(port));
}

/** Offers the answers as a file, and asks whoever leaves without having saved them. */
function offerAnswers(port: PagePort): void {
  const save = document.getElementById("dari-save");
  if (!save) return;
  port.answered = () => {
    save.hidden = false;
  };
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = `data:application/jsonl;charset=utf-8,${encodeURIComponent(port.answers())}`;
    link.download = `${document.title} answers.jsonl`;
    link.click();
    save.hidden = true;
  });
  addEventListener("beforeunload", (event) => {
    if (!save.hidden) event.preventDefault();
  });
}
