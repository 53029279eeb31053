import { vi } from "vitest";
import { transcriptReader } from "../../src/reader/component";
import type { Growth, Row, State } from "../../src/reader/wire";
import { Buffers, FakePort } from "../port";
import { eventually, find, show } from "../view";
import { ROWS } from "./rows";

const STATE: State = {
  session: "s1",
  active: "",
  status: "idle",
  head: "<b>head</b>",
  height: 0,
  branches: [],
  can_fork: true,
  note: "",
  watch: "",
};

/** A kernel with a transcript, for a reader or a chat. */
export class TranscriptPort<More extends object = object> extends FakePort<State & More> {
  rows = ROWS;
  /** The ids of items that are found. */
  found: string[] = [];
  #n = 4;

  constructor(changes: Partial<State> = {}, more: More = {} as More) {
    super({ ...STATE, ...changes, ...more });
    this.answer = (what, body) => this.tells(what, body);
  }

  tells(what: string, body: never): unknown {
    const { ids = [], text } = (body ?? {}) as { ids?: string[]; text?: string };
    if (what === "rows") return new Buffers({ n: this.#n, parts: 1 }, this.rows, []);
    if (what === "fragments")
      return new Buffers(
        null,
        ids.map((id) => this.#piece(id)),
      );
    if (what === "find") return this.found;
    if (what === "prompt") return "the words of it";
    if (what === "again" && !text?.trim()) throw new Error("It is empty.");
    return { raw: '{"id": 1}', copy: "copied", compare: "<table></table>" }[what] ?? "m2";
  }

  /** Tells the rows from a place on; the next ones, where no number is given. */
  news(first: number, rows: Row[], { n = this.#n + 1, growths = [] as Growth[] } = {}): void {
    this.#n = n;
    this.rows = [...this.rows.slice(0, first), ...rows];
    const message = { kind: "rows", n, first, total: this.rows.length };
    this.tell(message, rows, growths);
  }

  #piece(id: string): object {
    const { kind = "", rev = 1 } = this.rows.find((one) => one.id === id) ?? {};
    const words = `words of ${id}, ${rev}`;
    const shape: Record<string, string> = {
      tool: `<details class="dari-call"><summary>${id}</summary><p>${words}</p></details>`,
      user: `<div class="dari-user"><header>You</header><p>${words}</p></div>`,
    };
    return { id, rev, html: shape[kind] ?? `<div class="dari-answer"><p>${words}</p></div>` };
  }
}

/** Has everything of a transcript in sight, which happy-dom doesn't lay out. */
export function inSight(): void {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(2000);
  class Observer {
    readonly #seen: (entries: object[]) => void;
    constructor(seen: (entries: object[]) => void) {
      this.#seen = seen;
    }
    observe() {
      this.#seen([{ isIntersecting: true }]);
    }
    unobserve() {}
    disconnect() {}
  }
  vi.stubGlobal("IntersectionObserver", Observer);
}

export const item = (id: string) => find(`.dari-row[data-item="${id}"]`);

/** The ids of the items that are shown. */
export const items = () =>
  [...document.querySelectorAll<HTMLElement>(".dari-row")].map(({ dataset }) => dataset.item);

/** Shows a transcript. */
export async function shown(port = new TranscriptPort()): Promise<TranscriptPort> {
  inSight();
  show(transcriptReader, port);
  await eventually(() => find(".dari-row [class^=dari-]:not(.dari-more)"));
  await eventually(() => {
    if (document.querySelector(".dari-row .dari-more")) throw new Error("still reading");
  });
  return port;
}
