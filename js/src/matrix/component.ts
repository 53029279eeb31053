import { type Component, decode } from "../host/port";
import { atEnd } from "../shared/dom";
import { Sheet } from "./sheet";
import { MatrixView } from "./view";
import type { Change, Found, Left, News, State } from "./wire";

/** A fresh widget gets its first news sooner; after this a page must be late and asks. */
const HELLO_AFTER_MS = 150;

/** A matrix of tasks and LLMs that fills while its sessions run. */
export const matrix: Component<State> = (port, signal) => {
  const sheet = new Sheet();
  let n = 0;
  let asked = false;
  const hello = () => {
    if (!asked) port.send({ kind: "hello", n });
    asked = true;
  };
  const timer = setTimeout(() => n === 0 && hello(), HELLO_AFTER_MS);
  atEnd(signal, () => clearTimeout(timer));
  port.receive((message, buffers) => {
    if (message.kind === "found") {
      sheet.find(message as Found, decode<Left>(buffers));
      return;
    }
    const news = message as News;
    if (news.matrix !== sheet.number) {
      sheet.clear(news.matrix);
      n = 0;
      asked = false;
    }
    sheet.kept = news.kept;
    for (const change of decode<Change>(buffers)) sheet.apply(change);
    // What came is shown in any case; what is missing before it is asked for once.
    if (news.since > n) {
      hello();
      return;
    }
    n = Math.max(n, news.n);
    asked = false;
  }, signal);
  return (el, until) => void new MatrixView(el, port, sheet, until);
};
