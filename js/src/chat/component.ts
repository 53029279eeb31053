import type { Component, Port } from "../host/port";
import { readerOf } from "../reader/component";
import type { State as ReaderState } from "../reader/wire";
import { button, make } from "../shared/dom";
import { Questions } from "../shared/questions";
import { Composer } from "./composer";
import { OpenCalls } from "./open_calls";
import type { State } from "./wire";

/** A transcript, what waits for an answer, and a place to write. */
export const chat: Component<State & ReaderState> = (port, signal) => {
  const drawReader = readerOf(port as unknown as Port<ReaderState>, signal);
  const own = port as unknown as Port<State>;
  return (el, until) => {
    const transcript = make("div", "dari-fills");
    const reader = drawReader(transcript, until);
    reader.hideTools();
    const find = button("Find", () => reader.find(), until);
    const composer = new Composer(own, () => reader.toEnd(), until, [find]);
    const open = new OpenCalls(own, until);
    el.classList.add("dari", "dari-view", "dari-chat");
    const questions = new Questions(
      own,
      () => false,
      () => composer.focus(),
      until,
    );
    reader.leave = () => composer.focus();
    el.replaceChildren(transcript, questions.element, open.element, composer.element);
    reader.toEnd();
  };
};
