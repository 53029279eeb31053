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
  player(new PagePort(recorded, told("dari-state")), signal)(el, signal);
  el.tabIndex = -1;
  el.focus();
}
