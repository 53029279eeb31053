import type { Component, Port } from "../host/port";
import { button, make, on } from "../shared/dom";
import { type Key, keySheet, onKeys } from "../shared/keys";
import { sayingBusy } from "../shared/silence";
import { List, LOOKED_THROUGH } from "./list";
import {
  asksForWords,
  type Column,
  isAskedFor,
  type Line,
  lined,
  type Order,
  sift,
  sorted,
} from "./sift";
import { Table } from "./table";
import type { Chosen, Row, State } from "./wire";

/** Lines that are drawn at first, and with each wish for more. */
const PAGE = 100;

/** A table of sessions to sort, filter, open and choose from. */
export const sessions: Component<State> = (port) => {
  const list = new List(port);
  return (el, signal) => new Browser(el, port, list, signal).begin();
};

/** One view of the table. */
class Browser {
  readonly #port: Port<State>;
  readonly #list: List;
  readonly #query: HTMLInputElement;
  readonly #count = make("span", "dari-count", { role: "status" });
  readonly #table: Table;
  readonly #more: HTMLButtonElement;
  readonly #beside = make("div", "dari-beside", {
    tabindex: "-1",
    role: "region",
    "aria-label": "Session",
  });
  readonly #sheet: HTMLElement;
  readonly #unfolded = new Set<string>();
  #sizes = new Map<string, number>();
  #order: Order = { column: "when", descending: true };
  #shown: Row[] = [];
  #lines: Line[] = [];
  #looking = false;
  #most = PAGE;
  #opened = "";
  #last = "";

  constructor(el: HTMLElement, port: Port<State>, list: List, signal: AbortSignal) {
    this.#port = port;
    this.#list = list;
    this.#query = make("input", "", {
      type: "search",
      placeholder: "Find: words, key=value",
      "aria-label": "Find",
    });
    this.#table = new Table(
      {
        sort: (column) => this.#sort(column),
        toggle: (key, range) => this.#toggle(key, range),
        open: (key) => this.#open(key),
      },
      signal,
    );
    this.#more = button("More", () => this.#showMore(), signal);
    const keys = this.#keys();
    this.#sheet = keySheet(keys);
    this.#sheet.hidden = true;
    this.#beside.hidden = true;
    const tools = make(
      "div",
      "dari-tools",
      { role: "toolbar", "aria-label": "Sessions" },
      this.#query,
      button("Reload", () => void this.begin(), signal),
      button("?", () => this.#showKeys(), signal, { "aria-label": "Keys" }),
      this.#count,
    );
    const scroll = make("div", "dari-scroll", {}, this.#table.element, this.#more);
    el.classList.add("dari", "dari-view", "dari-sessions");
    el.replaceChildren(
      tools,
      this.#sheet,
      make("div", "dari-pair dari-fills", {}, scroll, this.#beside),
    );
    on(this.#query, "input", () => this.#find(), signal);
    onKeys(el, keys, signal);
    port.watch(["selection"], () => this.#draw(), signal);
    port.watch(["active", "preview"], () => this.#showActive(), signal);
  }

  async begin(): Promise<void> {
    this.#count.textContent = "loading …";
    try {
      await this.#list.load();
      this.#sizes = new Map(lined(this.#list.rows).map(({ key, rows }) => [key, rows.length]));
      this.#find();
      this.#showActive();
    } catch (error) {
      this.#count.textContent = (error as Error).message;
    }
  }

  #find(): void {
    this.#show();
    if (asksForWords(this.#query.value)) void this.#look();
  }

  /** Reads first messages for as long as words are asked for that may stand in one. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (asksForWords(this.#query.value) && (await this.#list.read())) this.#show();
    } catch {
      // What could not be read is not found; Reload asks again.
    }
    this.#looking = false;
    this.#draw();
  }

  #show(): void {
    const kept = sift(this.#list.rows, this.#query.value, this.#list);
    this.#shown = sorted(kept, this.#order, this.#list);
    this.#lines = lined(this.#shown);
    this.#draw();
    void this.#learn();
  }

  /**
   * Asks about the lines that are drawn, and about the sessions of those runs that are open. What
   * comes may change the order, and an order by it is one of all lines.
   */
  async #learn(): Promise<void> {
    const most = isAskedFor(this.#order.column) ? LOOKED_THROUGH : 0;
    const drawn = this.#lines.slice(0, Math.max(this.#most, most));
    const inner = drawn.filter(({ key }) => this.#unfolded.has(key)).flatMap(({ rows }) => rows);
    const single = inner.map((row) => ({ key: row.id, rows: [row], run: "" }));
    const came = await this.#list.learn([...drawn, ...single]).catch(() => false);
    if (came) this.#show();
  }

  #draw(): void {
    const selection = new Set(this.#port.get("selection"));
    const lines = this.#lines.slice(0, this.#most);
    const [opened, unfolded, sizes] = [this.#opened, this.#unfolded, this.#sizes];
    const shown = { lines, known: this.#list, selection, opened, unfolded, sizes };
    this.#table.show(shown, this.#order);
    this.#more.hidden = lines.length === this.#lines.length;
    this.#more.textContent = `${this.#lines.length - lines.length} more`;
    this.#count.textContent = this.#counted(selection.size);
  }

  #counted(selected: number): string {
    const all = this.#list.rows.length;
    const some = this.#shown.length < all ? `${this.#shown.length} of ${all}` : `${all}`;
    const parts = [`${some} session${all === 1 ? "" : "s"}`];
    if (this.#looking) parts.push("looking …");
    else if (asksForWords(this.#query.value) && all > LOOKED_THROUGH)
      parts.push(`first messages of the newest ${LOOKED_THROUGH} looked through`);
    if (selected > 0) parts.push(`${selected} selected`);
    return parts.join(" · ");
  }

  #sort(column: Column): void {
    const again = column === this.#order.column;
    this.#order = { column, descending: again ? !this.#order.descending : column === "when" };
    this.#show();
  }

  #showMore(): void {
    this.#most += PAGE;
    this.#show();
  }

  /** Chooses a line, or all from the last one that was; or takes them out. */
  #toggle(key: string, range: boolean): void {
    const selection = new Set(this.#port.get("selection"));
    const keys = this.#keysShown();
    const [from, to] = [keys.indexOf(range ? this.#last : key), keys.indexOf(key)].sort(
      (a, b) => a - b,
    );
    const on = !this.#rowsOf(key).every(({ id }) => selection.has(id));
    for (const one of keys.slice(Math.max(0, from as number), (to as number) + 1))
      for (const { id } of this.#rowsOf(one)) {
        if (on) selection.add(id);
        else selection.delete(id);
      }
    this.#last = key;
    this.#choose(selection);
  }

  #keysShown(): string[] {
    return this.#lines.flatMap(({ key, run, rows }) =>
      run && this.#unfolded.has(key) ? [key, ...rows.map(({ id }) => id)] : [key],
    );
  }

  /** The sessions that a line stands for. */
  #rowsOf(key: string): Row[] {
    const line = this.#lines.find((line) => line.key === key);
    return line?.rows ?? this.#shown.filter(({ id }) => id === key);
  }

  #choose(selection: ReadonlySet<string>): void {
    const order = this.#list.rows.map((row) => row.id).filter((id) => selection.has(id));
    this.#port.set({ selection: order });
    this.#draw();
  }

  #toggleAll(): void {
    const selection = new Set(this.#port.get("selection"));
    const all = this.#shown.every((row) => selection.has(row.id));
    for (const { id } of this.#shown) {
      if (all) selection.delete(id);
      else selection.add(id);
    }
    this.#choose(selection);
  }

  #open(id: string): void {
    if (this.#sizes.has(id) && this.#lines.some(({ key, run }) => key === id && run)) {
      this.#unfold(id);
      return;
    }
    this.#port.set({ active: id });
    this.#showActive();
  }

  /** Shows the active session, whether the page or Python set it. */
  #showActive(): void {
    const id = this.#port.get("active");
    const [isOther, isBeside] = [id !== this.#opened, id !== "" && this.#port.get("preview")];
    this.#opened = id;
    if (isBeside && (isOther || this.#beside.hidden)) void this.#preview(id);
    this.#beside.hidden = !isBeside;
    if (id && isOther) this.#reveal(id);
    this.#draw();
  }

  /** Has a session drawn wherever it stands; one that came since is read first. */
  #reveal(id: string): void {
    const place = this.#lines.findIndex(({ rows }) => rows.some((row) => row.id === id));
    const line = this.#lines[place];
    if (!this.#list.rows.some((row) => row.id === id)) void this.begin();
    if (!line) return;
    if (line.run) this.#unfolded.add(line.key);
    this.#most = Math.max(this.#most, place + 1);
    this.#draw();
    this.#table.reveal(id);
    void this.#learn();
  }

  async #preview(id: string): Promise<void> {
    const say = (words: string, look = "dari-more") => {
      if (this.#opened === id) this.#beside.replaceChildren(make("p", look, {}, words));
    };
    try {
      const asked = this.#port.ask<string>("open", { id } satisfies Chosen);
      const { body } = await sayingBusy(asked, say);
      if (this.#opened !== id) return;
      this.#beside.innerHTML = body;
      this.#beside.prepend(wayBack(id));
    } catch (error) {
      say((error as Error).message, "dari-error");
    }
    this.#beside.scrollTop = 0;
  }

  #unfold(key: string): void {
    if (!this.#unfolded.delete(key)) this.#unfolded.add(key);
    this.#draw();
    void this.#learn();
  }

  #close(): void {
    this.#sheet.hidden = true;
    this.#beside.replaceChildren();
    this.#port.set({ active: "" });
    this.#showActive();
    this.#table.move(0);
  }

  #showKeys(): void {
    this.#sheet.hidden = !this.#sheet.hidden;
  }

  #keys(): Key[] {
    return [
      [["ArrowDown", "j"], "next session", () => this.#table.move(1)],
      [["ArrowUp", "k"], "session before", () => this.#table.move(-1)],
      [["Enter", "o"], "open beside; a run: show its sessions", () => this.#open(this.#table.here)],
      [[" ", "x"], "select", () => this.#toggle(this.#table.here, false)],
      [["a"], "select all shown, or none", () => this.#toggleAll()],
      [["/"], "find", () => this.#query.focus()],
      [["?"], "these keys", () => this.#showKeys()],
      [["Escape"], "close what is open", () => this.#close()],
    ];
  }
}

/** What to type to go on with a session. */
function wayBack(id: string): HTMLElement {
  const line = make("code", "", {}, `%dari_send --session ${id} …`);
  return make("p", "dari-back", {}, "go on with it: ", line);
}
