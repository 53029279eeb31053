/** The one file that knows Jupyter: joins an anywidget model to a component. */
import type { AnyModel } from "@anywidget/types";
import { type Component, type Draw, type Message, type Port, Questions } from "./shared/port";
import type { Answer } from "./shared/wire";

type Traits = Record<string, unknown>;
type Model = AnyModel<Traits>;
type Cleanup = () => void;

/**
 * Makes a component what anywidget takes: a factory, called once for each model. So what has
 * arrived is kept, however many views come and go.
 */
export function openView(component: Component<never>) {
  return () => viewOf(component);
}

function viewOf(component: Component<never>) {
  let draw: Draw = () => undefined;

  function initialize({ model }: { model: Model }): Cleanup {
    const closing = new AbortController();
    draw = component(portOf(model, closing.signal), closing.signal);
    if (document.getElementById("jupyter-config-data")) model.send({ kind: "jupyter" });
    return () => closing.abort();
  }

  function render({ el }: { el: HTMLElement }): Cleanup {
    const closing = new AbortController();
    draw(el, closing.signal);
    keepKeys(el, closing.signal);
    return () => closing.abort();
  }

  return { initialize, render };
}

function portOf(model: Model, signal: AbortSignal): Port<never> {
  const questions = new Questions();
  const on = (name: string, listener: (...args: never[]) => void, until: AbortSignal) => {
    model.on(name as "msg:custom", listener as () => void);
    until.addEventListener("abort", () => model.off(name, listener as () => void));
  };
  const answer = (message: Answer, buffers: DataView[]) => {
    if (message.kind === "answer") questions.answered(message, buffers);
  };
  on("msg:custom", answer, signal);
  const port: Port<Traits> = {
    get: (name) => model.get(name),
    set(changes) {
      for (const [name, value] of Object.entries(changes)) model.set(name, value);
      model.save_changes();
    },
    watch(names, listener, until) {
      for (const name of names) on(`change:${name}`, listener, until);
    },
    send: (message, buffers) => model.send(message, undefined, buffers),
    receive(listener, until) {
      const others = (message: Message, buffers: DataView[]) => {
        if (message.kind !== "answer") listener(message, buffers);
      };
      on("msg:custom", others, until);
    },
    ask: (what, body, buffers) =>
      questions.ask(what, body, (request) => model.send(request, undefined, buffers)),
  };
  return port as Port<never>;
}

/**
 * Keys that are for the view must not reach the notebook, which would move to another cell or run
 * it: JupyterLab leaves elements with this attribute alone.
 */
function keepKeys(el: HTMLElement, signal: AbortSignal): void {
  const keep = (event: FocusEvent) => {
    const target = event.target as HTMLElement;
    const keeper = target.closest<HTMLElement>("[data-keys]");
    keeper?.toggleAttribute("data-lm-suppress-shortcuts", event.type === "focusin");
  };
  el.addEventListener("focusin", keep, { signal });
  el.addEventListener("focusout", keep, { signal });
}
