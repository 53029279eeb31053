import { interruptKernel } from "../host/interrupt";
import type { Port } from "../host/port";
import { focusOn, on } from "../shared/dom";
import { Place } from "../shared/place";
import { Questions } from "../shared/questions";
import type { Clock } from "./clock";
import { Follow } from "./follow";
import { RunningCalls } from "./running";
import { StateBar } from "./state_bar";
import type { Placed, Timeline } from "./timeline";
import { TurnList } from "./turns";
import type { State } from "./wire";

/** Where a live transcript comes from: a kernel, or a script on the demo page. */
export interface Source {
  readonly timeline: Timeline;
  readonly clock: Clock;
  state(): State;
  /** Calls `listener` after any change of the state, until `signal` aborts. */
  watch(listener: () => void, signal: AbortSignal): void;
  /** Tells the other side that the reader wants no more; rejects when that could not be. */
  stop(): Promise<unknown>;
  /** Where questions are asked and answered. */
  readonly port: Pick<Port<State>, "get" | "watch" | "ask">;
}

/** Draws a live transcript into `el`, and keeps it up to date until `signal` aborts. */
export function drawTranscript(el: HTMLElement, source: Source, signal: AbortSignal): void {
  const head = document.createElement("header");
  const log = document.createElement("div");
  const turns = document.createElement("div");
  const latest = latestButton();
  const bar = new StateBar(source.clock, () => stop(el, source), signal);

  log.className = "dari-log";
  log.tabIndex = 0;
  log.setAttribute("role", "log");
  log.setAttribute("aria-label", "Transcript");
  // A whole answer read aloud at each change is noise; the bar says what happens.
  log.setAttribute("aria-live", "off");
  log.append(turns);
  el.classList.add("dari", "dari-view", "dari-live");
  const decided = () => focusOn(log);
  const questions = new Questions(source.port, () => source.state().blocking, decided, signal);
  el.replaceChildren(head, log, latest, questions.element, bar.element);

  const follow = new Follow(log, turns, (following) => toggle(latest, !following), signal);
  new Place(el, log, inStaticOutput, signal);
  const running = new RunningCalls(turns, source.clock, signal);
  const list = new TurnList(turns, follow.around, signal);
  on(latest, "click", () => follow.latest(), signal);
  const show = () => {
    const state = source.state();
    if (head.innerHTML !== state.head) head.innerHTML = state.head;
    bar.show(state);
  };
  source.watch(show, signal);
  show();
  const add = (changes: Placed[]) => {
    list.add(changes);
    running.show();
  };
  source.timeline.subscribe(add, signal);
}

/** The items of a transcript stand in static output in the same order. */
function inStaticOutput(_: HTMLElement[], staticOutput: HTMLElement): HTMLElement[] {
  return [
    ...staticOutput.querySelectorAll<HTMLElement>(
      ".dari-turn > :not(a, .dari-work), .dari-work > .dari-call",
    ),
  ];
}

function stop(el: HTMLElement, source: Source): Promise<string> {
  const { blocking, kernel_id } = source.state();
  const stopped = source.stop().then(
    () => "",
    (error: Error) => error.message,
  );
  // A kernel whose cell blocks hears of it only when the interrupt has ended that.
  return blocking ? interruptKernel(el, kernel_id) : stopped;
}

function latestButton(): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "dari-latest";
  button.textContent = "↓ latest";
  button.hidden = true;
  return button;
}

function toggle(button: HTMLButtonElement, shown: boolean): void {
  button.hidden = !shown;
}
