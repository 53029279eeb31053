import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import openLive from "../src/live/index";
import type { Fragment, FromKernel } from "../src/live/wire";
import { row } from "./fragments";

type Callback = (...args: never[]) => void;

/** A model as anywidget hands it over, with the kernel played by the test. */
class FakeModel {
  readonly sent: { kind: string }[] = [];
  readonly listeners = new Map<string, Set<Callback>>();
  traits: Record<string, unknown> = {
    state: "running",
    head: "<div class='dari-head'><strong>librarian</strong></div>",
    started: null,
    seconds: null,
    blocking: false,
    kernel_id: "k-1",
    questions: [],
    note: "",
    stop: "Stop watching",
  };

  get = (name: string) => this.traits[name];
  send = (message: { kind: string }) => this.sent.push(message);
  on = (name: string, callback: Callback) =>
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(callback));
  off = (name: string, callback: Callback) => this.listeners.get(name)?.delete(callback);

  emit(name: string, ...args: unknown[]): void {
    for (const callback of this.listeners.get(name) ?? []) callback(...(args as never[]));
  }

  deliver(message: FromKernel, fragments: Fragment[]): void {
    const bytes = new TextEncoder().encode(JSON.stringify(fragments));
    this.emit("msg:custom", message, [new DataView(bytes.buffer)]);
  }

  set(changes: Record<string, unknown>): void {
    this.traits = { ...this.traits, ...changes };
    for (const name of Object.keys(changes)) this.emit(`change:${name}`);
  }

  get listening(): number {
    return [...this.listeners.values()].reduce((sum, callbacks) => sum + callbacks.size, 0);
  }
}

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

beforeEach(() => {
  model = new FakeModel();
  widget = openLive();
  close = widget.initialize({ model: model as never });
});

afterEach(() => {
  close();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

describe("the widget", () => {
  test("keeps what comes before its first view, and shows it in every view", async () => {
    model.deliver({ kind: "items", n: 1, elapsed: 1 }, row(["a", "b"]));
    const [first, second] = [view(), view()];
    model.deliver({ kind: "items", n: 2, elapsed: 2 }, row(["c"]));
    // On a busy machine rows are drawn over several frames.
    await vi.waitFor(() => expect(ids(first.el)).toEqual(["c", "a", "b"]));
    await vi.waitFor(() => expect(ids(second.el)).toEqual(ids(first.el)));
  });

  test("shows head and state, and follows their changes", () => {
    const { el } = view();
    expect(el.querySelector(".dari-head")?.textContent).toBe("librarian");
    model.set({ state: "waiting_for_tool", head: "<div>other</div>" });
    expect(el.querySelector(".dari-bar .dari-state")?.textContent).toBe("waiting for a tool");
    expect(el.firstElementChild?.textContent).toBe("other");
  });

  test("leaves no listener behind", () => {
    const { closeView } = view();
    closeView();
    close();
    expect(model.listening).toBe(0);
  });

  test("tells the kernel to stop", () => {
    view().el.querySelector<HTMLButtonElement>(".dari-stop")?.click();
    const asked = { kind: "request", id: expect.any(Number), what: "stop", body: null };
    expect(model.sent).toEqual([{ kind: "here", jupyter: false }, asked]);
  });

  test("tells the kernel when its last view went, and that it is back", async () => {
    const [first, second] = [view(), view()];
    first.closeView();
    second.closeView();
    const gone = { kind: "gone", cleared: false };
    await vi.waitFor(() => expect(model.sent).toContainEqual(gone));
    view();
    const here = { kind: "here", jupyter: false };
    expect(model.sent.filter(({ kind }) => kind !== "hello")).toEqual([here, gone, here]);
  });

  test("says that the output was cleared when its place still stands", async () => {
    const area = document.createElement("div");
    area.className = "jp-OutputArea";
    document.body.append(area);
    const { el, closeView } = view();
    area.append(el);
    await new Promise((resolve) => setTimeout(resolve));
    el.remove();
    closeView();
    const gone = { kind: "gone", cleared: true };
    await vi.waitFor(() => expect(model.sent).toContainEqual(gone));
  });

  test("answers whether it is shown, and only when it is", () => {
    model.emit("msg:custom", { kind: "who" }, []);
    expect(model.sent).toEqual([]);
    view();
    model.emit("msg:custom", { kind: "who" }, []);
    expect(model.sent).toHaveLength(2);
  });

  test("asks the Jupyter server to interrupt a kernel whose cell blocks", async () => {
    const fetched = vi.fn(async (_url: string, _init: RequestInit) => ({ ok: true }));
    vi.stubGlobal("fetch", fetched);
    const config = document.createElement("script");
    config.id = "jupyter-config-data";
    config.type = "application/json";
    config.textContent = JSON.stringify({ baseUrl: "/user/mia/" });
    document.body.append(config);
    model.set({ blocking: true });
    view().el.querySelector<HTMLButtonElement>(".dari-stop")?.click();
    await vi.waitFor(() => expect(fetched).toHaveBeenCalledOnce());
    expect(fetched.mock.calls[0]?.[0]).toBe("/user/mia/api/kernels/k-1/interrupt");
    expect(fetched.mock.calls[0]?.[1].method).toBe("POST");
  });

  test("knows a kernel that began anew by its session, if it never hears it begin", () => {
    const said: ((sender: unknown, message: object) => void)[] = [];
    const silent = { connect: () => undefined, disconnect: () => undefined };
    const iopubMessage = {
      connect: (slot: (typeof said)[number]) => said.push(slot),
      disconnect: (slot: (typeof said)[number]) => said.splice(said.indexOf(slot), 1),
    };
    Object.assign(model, { widget_manager: { kernel: { statusChanged: silent, iopubMessage } } });
    close();
    close = widget.initialize({ model: model as never });
    const { el } = view();
    const hear = (msg_type: string, session: string) => {
      for (const slot of said) slot(null, { header: { msg_type, session } });
    };
    hear("status", "first");
    hear("status", "first");
    // The notebook server complains of too much output in its own name.
    hear("stream", "server");
    expect(el.classList).not.toContain("dari-gone");
    hear("status", "second");
    expect(el.classList).toContain("dari-gone");
    close();
    expect(said).toEqual([]);
  });

  test("takes the input field away, and lets cells run, when nothing is asked any more", () => {
    const removeInputGuard = vi.fn();
    const statusChanged = { connect: () => undefined, disconnect: () => undefined };
    Object.assign(model, { widget_manager: { kernel: { statusChanged, removeInputGuard } } });
    const cell = document.createElement("div");
    cell.className = "jp-Cell";
    cell.innerHTML = '<div class="jp-OutputArea-stdin-item"><input></div>';
    const { el } = view();
    cell.append(el);
    model.emit("msg:custom", { kind: "unasked" }, []);
    expect(removeInputGuard).toHaveBeenCalledOnce();
    expect(cell.querySelector<HTMLElement>(".jp-OutputArea-stdin-item")?.style.display).toBe(
      "none",
    );
  });

  test("points to the host's own button where there is no Jupyter server to ask", async () => {
    model.set({ blocking: true });
    const { el } = view();
    el.querySelector<HTMLButtonElement>(".dari-stop")?.click();
    await vi.waitFor(() =>
      expect(el.querySelector(".dari-note")?.textContent).toContain("interrupt button"),
    );
  });

  test("reads a log aloud only by its state and what waits for the reader", () => {
    const { el } = view();
    const log = el.querySelector("[role=log]");
    expect(log?.getAttribute("aria-live")).toBe("off");
    expect(el.querySelectorAll("[role=status]")).toHaveLength(2);
  });
});
