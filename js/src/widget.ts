/** The one file that knows Jupyter: joins an anywidget model to the transcript. */
import type { AnyModel } from "@anywidget/types";
import { Clock } from "./clock";
import { Feed } from "./feed";
import { Timeline } from "./timeline";
import { drawTranscript, type Source } from "./transcript";
import type { Fragment, FromKernel, State, ToKernel } from "./wire";

type Model = AnyModel<State & Record<string, unknown>>;
type Cleanup = () => void;

const TRAITS = ["state", "head", "started", "seconds", "blocking", "kernel_id"] as const;

/** Each model gets its own: what has arrived is kept, however many views come and go. */
export default function liveTranscript() {
  const timeline = new Timeline();
  const clock = new Clock();

  /** Listens from here on, because messages come before the first view does. */
  function initialize({ model }: { model: Model }): Cleanup {
    const send = (message: ToKernel) => model.send(message);
    const apply = (changes: Fragment[]) => timeline.apply(changes);
    const feed = new Feed({ send, apply, replace: (all) => timeline.replace(all) });
    const receive = (message: FromKernel, buffers: DataView[]) => {
      if (typeof message.elapsed === "number") clock.sync(message.elapsed);
      feed.receive(message, decode(buffers));
    };
    clock.guess(model.get("started"));
    model.on("msg:custom", receive);
    return () => {
      model.off("msg:custom", receive);
      feed.close();
    };
  }

  function render({ model, el }: { model: Model; el: HTMLElement }): Cleanup {
    const closing = new AbortController();
    drawTranscript(el, sourceOf(model, timeline, clock), closing.signal);
    keepKeys(el, closing.signal);
    return () => closing.abort();
  }

  return { initialize, render };
}

function sourceOf(model: Model, timeline: Timeline, clock: Clock): Source {
  return {
    timeline,
    clock,
    state: () => ({
      state: model.get("state"),
      head: model.get("head"),
      started: model.get("started"),
      seconds: model.get("seconds"),
      blocking: model.get("blocking"),
      kernel_id: model.get("kernel_id"),
    }),
    watch(listener, signal) {
      for (const name of TRAITS) model.on(`change:${name}`, listener);
      signal.addEventListener("abort", () => {
        for (const name of TRAITS) model.off(`change:${name}`, listener);
      });
    },
    stop: () => model.send({ kind: "stop" } satisfies ToKernel),
  };
}

/** Keys that scroll the log would move JupyterLab to another cell; inside of it they are its own. */
function keepKeys(el: HTMLElement, signal: AbortSignal): void {
  const log = el.querySelector<HTMLElement>("[role=log]");
  const keep = (event: FocusEvent) =>
    log?.toggleAttribute("data-lm-suppress-shortcuts", event.type === "focus");
  log?.addEventListener("focus", keep, { signal });
  log?.addEventListener("blur", keep, { signal });
}

function decode(buffers: DataView[]): Fragment[] {
  return buffers.flatMap((buffer) => JSON.parse(new TextDecoder().decode(buffer)) as Fragment[]);
}
