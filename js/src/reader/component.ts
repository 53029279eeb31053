import { whenNear } from "../host/near";
import { type Component, decode, type Port } from "../host/port";
import { atEnd } from "../shared/dom";
import { Reader } from "./reader";
import { Rows } from "./rows";
import type { All, Growth, Piece, Row, Rows as RowsMessage, State } from "./wire";

/** A transcript to find one's way in, of any length. */
export const transcriptReader: Component<State> = (port, signal) => {
  const draw = readerOf(port, signal);
  return (el, until) => {
    el.classList.add("dari", "dari-view", "dari-reader");
    whenNear(el, () => void draw(el, until), until);
  };
};

/** The same as a part of another view, which gets hold of what it drew. */
export function readerOf(port: Port<State>, signal: AbortSignal) {
  let rows: Row[] = [];
  let first: Piece[] = [];
  let applied = 0;
  let begun = false;
  const views = new Set<{ reader: Reader; rows: Rows }>();

  const take = (from: number, some: Row[]) => {
    rows = [...rows.slice(0, from), ...some];
    for (const view of views) {
      view.rows.replace(from, some);
      view.reader.changed();
    }
  };
  const askForAll = () =>
    takeAll().catch((error: Error) => {
      for (const view of views) view.reader.failed(error.message);
    });
  const takeAll = async () => {
    const { body, buffers } = await port.ask<All>("rows");
    applied = body.n;
    first = decode<Piece>(buffers.slice(body.parts));
    for (const view of views) view.reader.keep(first);
    take(0, decode<Row>(buffers.slice(0, body.parts)));
  };
  port.receive((message, buffers) => {
    const { kind, n, first: from } = message as RowsMessage;
    if (!begun || kind !== "rows" || n <= applied) return;
    if (n !== applied + 1) {
      void askForAll();
      return;
    }
    applied = n;
    const growths = decode<Growth>(buffers.slice(1));
    for (const view of views) view.reader.grow(growths);
    take(from, decode<Row>(buffers.slice(0, 1)));
  }, signal);

  return (el: HTMLElement, until: AbortSignal): Reader => {
    if (!begun) void askForAll();
    begun = true;
    const own = new Rows();
    own.replace(0, rows);
    const view = { rows: own, reader: new Reader(el, port, own, until, first) };
    views.add(view);
    atEnd(until, () => views.delete(view));
    return view.reader;
  };
}
