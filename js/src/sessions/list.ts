import { decode, type Port } from "../host/port";
import { first, type Known, type Line } from "./sift";
import type { Row, SessionSummary, State, Wanted } from "./wire";

/** Sessions, the newest first, whose first messages are looked through for words; as many as the kernel keeps to. */
export const LOOKED_THROUGH = 1000;

/** Sessions asked about at once, so that what came can be shown meanwhile. */
const PIECE = 200;

/** What is known of the sessions, for all views of one model. */
export class List implements Known {
  readonly costs = new Map<string, string>();
  readonly summaries = new Map<string, SessionSummary>();
  rows: Row[] = [];
  /** What was asked for, whether or not it came, so that it is asked for once. */
  readonly #asked = new Set<string>();
  readonly #port: Port<State>;

  constructor(port: Port<State>) {
    this.#port = port;
  }

  async load(): Promise<void> {
    this.rows = decode<Row>((await this.#port.ask("rows")).buffers);
    for (const known of [this.summaries, this.costs, this.#asked]) known.clear();
  }

  /** Asks what the lines are about and cost, as far as that is not known; returns whether anything came. */
  async learn(lines: Line[]): Promise<boolean> {
    const came = [
      this.#ask(
        "summaries",
        lines.map((line) => first(line).id),
        this.summaries,
      ),
      this.#ask(
        "costs",
        lines.map(({ key }) => key),
        this.costs,
      ),
    ];
    return (await Promise.all(came)).includes(true);
  }

  /** Reads some more first messages for a search; returns whether there were any to read. */
  async read(): Promise<boolean> {
    const newest = this.rows.slice(0, LOOKED_THROUGH).map(({ id }) => id);
    const unread = newest.filter((id) => !this.#asked.has(`summaries ${id}`));
    return this.#ask("summaries", unread.slice(0, PIECE), this.summaries);
  }

  async #ask<Told>(what: string, keys: string[], known: Map<string, Told>): Promise<boolean> {
    const ids = [...new Set(keys)].filter((key) => !this.#asked.has(`${what} ${key}`));
    if (ids.length === 0) return false;
    for (const id of ids) this.#asked.add(`${what} ${id}`);
    try {
      const { body } = await this.#port.ask<Record<string, Told>>(what, { ids } satisfies Wanted);
      for (const [id, told] of Object.entries(body)) known.set(id, told);
      for (const row of this.rows)
        if (this.summaries.get(row.id)?.cancelled) row.status = "cancelled";
    } catch (error) {
      for (const id of ids) this.#asked.delete(`${what} ${id}`);
      throw error;
    }
    return true;
  }
}
