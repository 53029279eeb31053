import { type Component, decode, type Port } from "../shared/port";
import { Reader } from "./reader";
import { Rows } from "./rows";
import type { Row, Rows as RowsMessage, State } from "./wire";

/** A transcript to find one's way in, of any length. */
export const transcriptReader: Component<State> = (port, signal) => {
  const draw = readerOf(port, signal);
  return (el, until) => void draw(el, until);
};

/** The same as a part of another view, which gets hold of what it drew. */
export function readerOf(port: Port<State>, signal: AbortSignal) {
  let rows: Row[] = [];
  let applied = 0;
  const views = new Set<{ reader: Reader; rows: Rows }>();

  const take = (first: number, some: Row[]) => {
    rows = [...rows.slice(0, first), ...some];
    for (const view of views) {
      view.rows.replace(first, some);
      view.reader.changed();
    }
  };
  const askForAll = async () => {
    const { body, buffers } = await port.ask<{ n: number }>("rows");
    applied = body.n;
    take(0, decode<Row>(buffers));
  };
  port.receive((message, buffers) => {
    const { kind, n, first } = message as RowsMessage;
    if (kind !== "rows" || n <= applied) return;
    if (n !== applied + 1) {
      void askForAll();
      return;
    }
    applied = n;
    take(first, decode<Row>(buffers));
  }, signal);
  void askForAll();

  return (el: HTMLElement, until: AbortSignal): Reader => {
    const own = new Rows();
    own.replace(0, rows);
    const view = { rows: own, reader: new Reader(el, port, own, until) };
    views.add(view);
    until.addEventListener("abort", () => views.delete(view));
    return view.reader;
  };
}
