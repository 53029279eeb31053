// @vitest-environment happy-dom
import type { AnyModel } from "@anywidget/types";
import { expect, test } from "vitest";
import type { Component, Port } from "../../src/host/port";
import type { Request } from "../../src/host/wire";
import { openView } from "../../src/widget";

type Heard = (message: object, buffers: DataView[]) => void;

/** Two pages of a notebook, each with a model of its own: what the kernel says, both hear. */
function pages() {
  const asked: Request[] = [];
  const heard: Heard[] = [];
  const open = () => {
    const model = {
      get: () => undefined,
      set: () => undefined,
      on: (name: string, listener: Heard) => name === "msg:custom" && heard.push(listener),
      off: () => undefined,
      send: (message: Request) => message.kind === "request" && asked.push(message),
    };
    let port: Port<object> | undefined;
    const component: Component<object> = (opened) => {
      port = opened;
      return () => undefined;
    };
    openView(component as Component<never>)().initialize({ model: model as unknown as AnyModel });
    return port as unknown as Port<object>;
  };
  const says = (message: object) => {
    for (const listener of heard) listener(message, []);
  };
  return { one: open(), two: open(), asked, says };
}

test("each of two pages gets what it has asked for, in whatever order that comes", async () => {
  const { one, two, asked, says } = pages();
  const told = [one.ask("turn", 1), two.ask("turn", 2), two.ask("turn", 3), one.ask("turn", 4)];
  for (const { id, body } of [...asked].reverse()) {
    says({ kind: "answer", id, error: null, body: `turn ${body}` });
  }
  const bodies = (await Promise.all(told)).map(({ body }) => body);
  expect(bodies).toEqual(["turn 1", "turn 2", "turn 3", "turn 4"]);
});
