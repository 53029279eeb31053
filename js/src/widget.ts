/** The one file that knows Jupyter: joins an anywidget model to a component. */
import type { AnyModel } from "@anywidget/types";
import { keepKeys } from "./host/border";
import { holdFocus } from "./host/focus";
import { UNASKED } from "./host/interrupt";
import { leaveStaticOutput } from "./host/last";
import { type Component, type Draw, type Message, type Port, Questions } from "./host/port";
import { Presence } from "./host/presence";
import type { Answer, Last } from "./host/wire";
import { atEnd, on } from "./shared/dom";

type Traits = Record<string, unknown>;
type Model = AnyModel<Traits>;
type Cleanup = () => void;

/** The widget manager of JupyterLab and Notebook, as far as it is asked. */
interface Manager {
  kernel: {
    statusChanged: Signal<string>;
    status?: string;
    disposed?: Signal<unknown>;
    iopubMessage?: Signal<Published>;
    removeInputGuard?(): void;
  } | null;
}
interface Signal<T> {
  connect(slot: (sender: unknown, said: T) => void): void;
  disconnect(slot: (sender: unknown, said: T) => void): void;
}
interface Published {
  header: { msg_type: string; session: string };
}

/** A model as its host has it, which is told of all that its kernel says. */
interface Heard {
  _handle_comm_msg?(message: object): Promise<void>;
  comm: { on_msg(listener: (message: object) => unknown): void; send(data: object): void };
}

/** What a kernel's status says when it ends, or begins anew, by this page or by another. */
const ENDS = /start|terminat|dead/;
/** What is no affair of a component. */
const OWN = /^(answer|who|last|unasked)$/;
const GONE = "The kernel is gone: run the cell again.";

/**
 * Makes a component what anywidget takes: a factory, called once for each model. So what has
 * arrived is kept, however many views come and go.
 */
export function openView(component: Component<never>) {
  return () => viewOf(component);
}

function viewOf(component: Component<never>) {
  let draw: Draw;
  let presence: Presence;
  let gone: AbortSignal;
  let leaveInput: (el: Element) => void;

  const shown = new Set<HTMLElement>();

  function initialize({ model }: { model: Model }): Cleanup {
    const closing = new AbortController();
    gone = kernelGone(model, closing.signal);
    leaveInput = (el) => {
      kernelOf(model)?.removeInputGuard?.();
      hideInput(el);
    };
    // With the notebook the way to its kernel was closed, too.
    const isCut = () => gone.aborted || kernelOf(model) === null;
    hearAfterAll(model);
    draw = component(portOf(model, isCut, gone, closing.signal), closing.signal);
    const tell = (message: object) => isCut() || model.send(message);
    presence = new Presence(tell, closing.signal);
    const asked = (message: Message) => {
      if (message.kind === "who") presence.answer();
      if (message.kind === "last")
        for (const el of shown) leaveStaticOutput(el, (message as Last).html);
      if (message.kind === "unasked") for (const el of shown) leaveInput(el);
    };
    hear(model, "msg:custom", asked, closing.signal);
    return () => closing.abort();
  }

  function render({ el }: { el: HTMLElement }): Cleanup {
    const closing = new AbortController();
    draw(el, closing.signal);
    keepKeys(el, closing.signal);
    holdFocus(el, closing.signal);
    presence.shown(el, closing.signal);
    el.addEventListener(UNASKED, () => leaveInput(el), { signal: closing.signal });
    shown.add(el);
    atEnd(closing.signal, () => shown.delete(el));
    const mark = () => el.classList.add("dari-gone");
    if (gone.aborted) mark();
    on(gone, "abort", mark, closing.signal);
    return () => closing.abort();
  }

  return { initialize, render };
}

/**
 * A page that was busy for two seconds as a model began is told by anywidget of nothing more that its
 * kernel says: then its host tells it, as any other model, and what was missed is asked for.
 */
function hearAfterAll(model: Model): void {
  // What is set returns the host's own model.
  const heard = (model.set as (nothing: object) => unknown)({}) as Heard | undefined;
  heard?._handle_comm_msg?.({ content: { data: {} } }).catch(() => {
    const { comm } = heard;
    const { _handle_comm_msg } = Object.getPrototypeOf(heard.constructor.prototype);
    comm.on_msg((message) => _handle_comm_msg.call(heard, message));
    comm.send({ method: "request_state" });
  });
}

/** Hears what a model says under a name, until `signal` aborts. */
function hear(
  model: Model,
  name: string,
  listener: (...args: never[]) => void,
  signal: AbortSignal,
): void {
  model.on(name as "msg:custom", listener as () => void);
  atEnd(signal, () => model.off(name, listener as () => void));
}

function kernelOf(model: Model): Manager["kernel"] | undefined {
  return (model.widget_manager as Partial<Manager> | undefined)?.kernel;
}

/** The field stays in its cell until that runs again; nobody is to answer it. */
function hideInput(el: Element): void {
  const fields = el.closest(".jp-Cell")?.querySelectorAll<HTMLElement>(".jp-OutputArea-stdin-item");
  for (const field of fields ?? []) field.style.display = "none";
}

/** Aborts when the kernel ends, is left, or begins anew: no model outlives it. Not every host tells. */
function kernelGone(model: Model, signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const kernel = kernelOf(model);
  function listen<T>(said: Signal<T> | undefined, slot: (sender: unknown, said: T) => void) {
    said?.connect(slot);
    atEnd(signal, () => said?.disconnect(slot));
  }
  listen(kernel?.statusChanged, (_, status) => ENDS.test(status) && gone.abort());
  // A kernel that is shut down may say nothing: the page lets go of it.
  listen(kernel?.disposed, () => gone.abort());
  // What a kernel says as it begins may be lost on its way; later words name its session, too.
  let known: string | undefined;
  listen(kernel?.iopubMessage, (_, { header: { msg_type, session } }) => {
    if (msg_type !== "status") return;
    known ??= session;
    if (session !== known) gone.abort();
  });
  return gone.signal;
}

function portOf(
  model: Model,
  isCut: () => boolean,
  gone: AbortSignal,
  signal: AbortSignal,
): Port<never> {
  const questions = new Questions();
  const answer = (message: Answer, buffers: DataView[]) => {
    if (message.kind === "answer") questions.answered(message, buffers);
  };
  hear(model, "msg:custom", answer, signal);
  atEnd(gone, () => questions.refuse(GONE));
  const port: Port<Traits> = {
    get: (name) => model.get(name),
    set(changes) {
      for (const [name, value] of Object.entries(changes)) model.set(name, value);
      isCut() || model.save_changes();
    },
    watch(names, listener, until) {
      for (const name of names) hear(model, `change:${name}`, listener, until);
    },
    send: (message, buffers) => model.send(message, undefined, buffers),
    receive(listener, until) {
      const others = (message: Message, buffers: DataView[]) => {
        if (!OWN.test(message.kind)) listener(message, buffers);
      };
      hear(model, "msg:custom", others, until);
    },
    ask: (what, body, buffers) =>
      questions.ask(what, body, (request) => model.send(request, undefined, buffers)),
  };
  return port as Port<never>;
}
