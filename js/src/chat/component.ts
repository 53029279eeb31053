import { readerOf } from "../reader/component";
import type { State as ReaderState } from "../reader/wire";
import { make } from "../shared/dom";
import type { Component, Port } from "../shared/port";
import { Questions } from "../shared/questions";
import { Composer } from "./composer";
import { OpenCalls } from "./open_calls";
import type { State } from "./wire";

/** A transcript, what waits for an answer, and a place to write. */
export const chat: Component<State & ReaderState> = (port, signal) => {
  const drawReader = readerOf(port as unknown as Port<ReaderState>, signal);
  const own = port as unknown as Port<State>;
  return (el, until) => {
    const transcript = make("div", "");
    const reader = drawReader(transcript, until);
    const composer = new Composer(own, () => reader.toEnd(), until);
    const open = new OpenCalls(own, until);
    el.classList.add("dari", "dari-view", "dari-chat");
    const questions = new Questions(own, () => false, until);
    el.replaceChildren(transcript, questions.element, open.element, composer.element);
    reader.toEnd();
  };
};
