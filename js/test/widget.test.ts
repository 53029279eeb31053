import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Component, Port } from "../src/host/port";
import openLive from "../src/live/index";
import { openView } from "../src/widget";
import { row } from "./fragments";
import { LivePort } from "./live/lives";
import { FakeModel } from "./model";
import { FakePort } from "./port";
import { eventually, find, settled } from "./view";

const HERE = { kind: "here", jupyter: false };
const GONE = { kind: "gone", cleared: false };

let port: LivePort;
let model: FakeModel;
let widget: ReturnType<typeof openLive>;
let close: () => void;

const view = () => {
  const el = document.createElement("div");
  const closeView = widget.render({ el });
  return { el, closeView };
};
const ids = (el: HTMLElement) =>
  [...el.querySelectorAll<HTMLElement>("[data-item]")].map((element) => element.dataset.item);
const stop = (el: HTMLElement) => el.querySelector<HTMLButtonElement>(".dari-stop")?.click();
/** What the page said of itself. */
const said = () => port.sent.filter((one) => (one as { kind: string }).kind !== "hello");

/** A signal of the host. */
function signal<Said>() {
  const slots = new Set<(sender: unknown, said: Said) => void>();
  return {
    slots,
    connect: (slot: (sender: unknown, said: Said) => void) => slots.add(slot),
    disconnect: (slot: (sender: unknown, said: Said) => void) => slots.delete(slot),
    emit(word: Said) {
      for (const slot of [...slots]) slot(null, word);
    },
  };
}

/** A kernel as the host has it. */
function kernelOf(host: object): void {
  Object.assign(model, { widget_manager: { kernel: host } });
  close();
  close = widget.initialize({ model: model.model as never });
}

beforeEach(() => {
  port = new LivePort();
  model = new FakeModel(port as never);
  widget = openLive();
  close = widget.initialize({ model: model.model as never });
});
afterEach(() => close());

describe("a widget", () => {
  test("shows what came before its first view in every view", async () => {
    port.items(...row(["a", "b"]));
    const [first, second] = [view(), view()];
    port.items(...row(["c"]));
    // On a busy machine rows are drawn over several frames.
    await eventually(() => expect(ids(first.el)).toEqual(["c", "a", "b"]));
    await eventually(() => expect(ids(second.el)).toEqual(ids(first.el)));
  });

  test("leaves no listener behind", () => {
    const { closeView } = view();
    closeView();
    close();
    expect(model.listening).toBe(0);
  });

  test("asks the kernel, and hears only its own answers", async () => {
    const ports: Port<object>[] = [];
    const component: Component<object> = (opened) => {
      ports.push(opened);
      return () => undefined;
    };
    const kernel = new FakePort({}, (_, body) => body);
    const pages = [1, 2].map(() => new FakeModel(kernel as never));
    for (const one of pages)
      openView(component as Component<never>)().initialize({ model: one.model as never });
    const [one, two] = ports as [Port<object>, Port<object>];
    const asked = [one.ask("turn", 1), two.ask("turn", 2), two.ask("turn", 3), one.ask("turn", 4)];
    const bodies = (await Promise.all(asked)).map(({ body }) => body);
    expect(bodies).toEqual([1, 2, 3, 4]);
  });
});

describe("the presence of a page", () => {
  test("is told as its last view goes, and as one comes back", async () => {
    const [first, second] = [view(), view()];
    first.closeView();
    second.closeView();
    await eventually(() => expect(said()).toEqual([HERE, GONE]));
    view();
    expect(said()).toEqual([HERE, GONE, HERE]);
  });

  test("ends with its output where the cell still stands", async () => {
    const area = document.createElement("div");
    area.className = "jp-OutputArea";
    document.body.append(area);
    const { el, closeView } = view();
    area.append(el);
    await settled();
    el.remove();
    closeView();
    await eventually(() => expect(said()).toContainEqual({ kind: "gone", cleared: true }));
  });

  test("ends as the page goes", () => {
    view();
    window.dispatchEvent(new Event("pagehide"));
    expect(said()).toEqual([HERE, GONE]);
  });

  test("is answered only while a view is shown", () => {
    port.tell({ kind: "who" });
    expect(said()).toEqual([]);
    view();
    port.tell({ kind: "who" });
    expect(said()).toEqual([HERE, HERE]);
  });
});

describe("a kernel that is gone", () => {
  test.each(["restarting", "autorestarting", "terminating", "dead", "starting"])(
    "is marked at status %s",
    (status) => {
      const statusChanged = signal<string>();
      kernelOf({ statusChanged });
      const { el } = view();
      for (const word of ["busy", "idle"]) statusChanged.emit(word);
      expect(el.classList).not.toContain("dari-gone");
      statusChanged.emit(status);
      expect(el.classList).toContain("dari-gone");
      expect(view().el.classList).toContain("dari-gone");
    },
  );

  test("is marked when the host lets go of it", () => {
    const disposed = signal<undefined>();
    kernelOf({ statusChanged: signal(), disposed });
    const { el } = view();
    disposed.emit(undefined);
    expect(el.classList).toContain("dari-gone");
  });

  test("is known by a new session, if nobody heard it begin", () => {
    const iopubMessage = signal<object>();
    kernelOf({ statusChanged: signal(), iopubMessage });
    const { el } = view();
    const hear = (msg_type: string, session: string) =>
      iopubMessage.emit({ header: { msg_type, session } });
    hear("status", "first");
    hear("status", "first");
    // The notebook server complains of too much output in its own name.
    hear("stream", "server");
    expect(el.classList).not.toContain("dari-gone");
    hear("status", "second");
    expect(el.classList).toContain("dari-gone");
    close();
    expect(iopubMessage.slots.size).toBe(0);
  });

  test("answers what waits with an error, and is sent nothing more", async () => {
    const statusChanged = signal<string>();
    kernelOf({ statusChanged });
    const { el } = view();
    const note = () => el.querySelector(".dari-bar .dari-note")?.textContent;
    port.answer = () => new Promise(() => {});
    stop(el);
    expect(port.bodies("stop")).toHaveLength(1);
    statusChanged.emit("dead");
    await eventually(() => expect(note()).toMatch(/kernel is gone/));
    stop(el);
    await settled();
    expect(port.bodies("stop")).toHaveLength(1);
    const before = said().length;
    window.dispatchEvent(new Event("pagehide"));
    expect(said()).toHaveLength(before);
  });
});

describe("a cell that blocks", () => {
  test("is interrupted through the Jupyter server", async () => {
    const fetched = vi.fn(async (_url: string, _init: RequestInit) => ({ ok: true }));
    vi.stubGlobal("fetch", fetched);
    const config = document.createElement("script");
    config.id = "jupyter-config-data";
    config.type = "application/json";
    config.textContent = JSON.stringify({ baseUrl: "/user/mia/" });
    document.body.append(config);
    port.push({ blocking: true });
    stop(view().el);
    await eventually(() => expect(fetched).toHaveBeenCalledOnce());
    expect(fetched.mock.calls[0]?.[0]).toBe("/user/mia/api/kernels/k-1/interrupt");
    expect(fetched.mock.calls[0]?.[1].method).toBe("POST");
  });

  test("has the host's own button where there is no Jupyter server", async () => {
    port.push({ blocking: true });
    const { el } = view();
    stop(el);
    const note = () => el.querySelector(".dari-bar .dari-note")?.textContent;
    await eventually(() => expect(note()).toMatch(/interrupt button/));
  });

  test("loses its input field when nothing is asked any more", () => {
    const removeInputGuard = vi.fn();
    kernelOf({ statusChanged: signal(), removeInputGuard });
    const cell = document.body.appendChild(document.createElement("div"));
    cell.className = "jp-Cell";
    cell.innerHTML = '<div class="jp-OutputArea-stdin-item"><input></div>';
    cell.append(view().el);
    port.tell({ kind: "unasked" });
    expect(removeInputGuard).toHaveBeenCalledOnce();
    expect(find(".jp-OutputArea-stdin-item").style.display).toBe("none");
  });
});
