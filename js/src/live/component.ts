import { type Component, decode, type Port } from "../host/port";
import { atEnd } from "../shared/dom";
import { Clock } from "./clock";
import { Feed } from "./feed";
import { Timeline } from "./timeline";
import { drawTranscript, type Source } from "./transcript";
import type { Change, FromKernel, State, ToKernel } from "./wire";

const TRAITS = [
  "state",
  "head",
  "started",
  "seconds",
  "blocking",
  "kernel_id",
  "questions",
  "note",
  "stop",
] as const;

/** A transcript that grows while its turn runs. */
export const liveTranscript: Component<State> = (port, signal) => {
  const timeline = new Timeline();
  const clock = new Clock();
  const send = (message: ToKernel) => port.send(message);
  const apply = (changes: Change[]) => timeline.apply(changes);
  const feed = new Feed({ send, apply, replace: (all) => timeline.replace(all) });

  clock.guess(port.get("started"));
  port.receive((message, buffers) => {
    const news = message as FromKernel;
    if (typeof news.elapsed === "number") clock.sync(news.elapsed);
    feed.receive(news, decode<Change>(buffers));
  }, signal);
  atEnd(signal, () => feed.close());
  return (el, until) => drawTranscript(el, sourceOf(port, timeline, clock), until);
};

function sourceOf(port: Port<State>, timeline: Timeline, clock: Clock): Source {
  return {
    timeline,
    clock,
    state: () =>
      Object.fromEntries(TRAITS.map((name) => [name, port.get(name)])) as unknown as State,
    port,
    watch: (listener, signal) => port.watch(TRAITS, listener, signal),
    stop: () => port.ask("stop"),
  };
}
