import { button, make } from "../shared/dom";
import { type Key, keySheet, onKeys } from "../shared/keys";
import { type Component, decode, type Port } from "../shared/port";
import { type Column, type Order, sift, sorted } from "./sift";
import { Table } from "./table";
import type { Chosen, Row, State, Wanted } from "./wire";

/** Rows that are drawn at first, and with each wish for more. */
const PAGE = 100;

/** A table of sessions to sort, filter, open and select. */
export const sessions: Component<State> = (port) => {
  const list = new List(port);
  return (el, signal) => new Browser(el, port, list, signal).begin();
};

/** What is known of the sessions, for all views of one model. */
class List {
  readonly costs = new Map<string, string>();
  rows: Row[] = [];
  readonly #port: Port<State>;

  constructor(port: Port<State>) {
    this.#port = port;
  }

  async load(): Promise<void> {
    this.rows = decode<Row>((await this.#port.ask("rows")).buffers);
  }

  /** Asks for costs that are not known; returns whether any came. */
  async loadCosts(rows: Row[]): Promise<boolean> {
    const ids = rows.map(({ id }) => id).filter((id) => !this.costs.get(id));
    if (ids.length === 0) return false;
    const { body } = await this.#port.ask<Record<string, string>>("costs", {
      ids,
    } satisfies Wanted);
    for (const [id, cost] of Object.entries(body)) this.costs.set(id, cost);
    return true;
  }
}

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
  #order: Order = { column: "created", descending: true };
  #shown: Row[] = [];
  #most = PAGE;
  #opened = "";
  #last = "";

  constructor(el: HTMLElement, port: Port<State>, list: List, signal: AbortSignal) {
    this.#port = port;
    this.#list = list;
    this.#query = make("input", "", {
      type: "search",
      placeholder: "Filter: text, key=value",
      "aria-label": "Filter",
    });
    this.#table = new Table(
      {
        sort: (column) => this.#sort(column),
        toggle: (id, range) => this.#toggle(id, range),
        open: (id) => void this.#open(id),
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
      this.#count,
      button("Reload", () => void this.begin(), signal),
      button("?", () => this.#showKeys(), signal, { "aria-label": "Keys" }),
    );
    const scroll = make("div", "dari-scroll", {}, this.#table.element, this.#more);
    el.classList.add("dari", "dari-view", "dari-sessions");
    el.dataset.keys = "";
    el.replaceChildren(tools, this.#sheet, make("div", "dari-pair", {}, scroll, this.#beside));
    this.#query.addEventListener("input", () => this.#show(), { signal });
    onKeys(el, keys, signal);
    port.watch(["selected"], () => this.#draw(), signal);
  }

  async begin(): Promise<void> {
    this.#count.textContent = "loading …";
    try {
      await this.#list.load();
      this.#show();
    } catch (error) {
      this.#count.textContent = (error as Error).message;
    }
  }

  #show(): void {
    const kept = sift(this.#list.rows, this.#query.value);
    this.#shown = sorted(kept, this.#order, this.#list.costs);
    this.#draw();
    void this.#addCosts();
  }

  async #addCosts(): Promise<void> {
    const came = await this.#list.loadCosts(this.#shown.slice(0, this.#most)).catch(() => false);
    if (came) this.#draw();
  }

  #draw(): void {
    const selected = new Set(this.#port.get("selected"));
    const rows = this.#shown.slice(0, this.#most);
    this.#table.show({
      rows,
      order: this.#order,
      costs: this.#list.costs,
      selected,
      opened: this.#opened,
    });
    this.#more.hidden = rows.length === this.#shown.length;
    this.#more.textContent = `${this.#shown.length - rows.length} more`;
    const all = this.#list.rows.length;
    const some = this.#shown.length < all ? `${this.#shown.length} of ${all}` : `${all}`;
    const chosen = selected.size > 0 ? ` · ${selected.size} selected` : "";
    this.#count.textContent = `${some} sessions${chosen}`;
  }

  #sort(column: Column): void {
    const again = column === this.#order.column;
    this.#order = { column, descending: again ? !this.#order.descending : column === "created" };
    this.#show();
  }

  #showMore(): void {
    this.#most += PAGE;
    this.#show();
  }

  #toggle(id: string, range: boolean): void {
    const selected = new Set(this.#port.get("selected"));
    const on = !selected.has(id);
    const ids = this.#shown.map((row) => row.id);
    const [from, to] = [ids.indexOf(range ? this.#last : id), ids.indexOf(id)].sort(
      (a, b) => a - b,
    );
    for (const one of ids.slice(Math.max(0, from as number), (to as number) + 1)) {
      if (on) selected.add(one);
      else selected.delete(one);
    }
    this.#last = id;
    this.#select(selected);
  }

  #select(selected: ReadonlySet<string>): void {
    const order = this.#list.rows.map((row) => row.id).filter((id) => selected.has(id));
    this.#port.set({ selected: order });
    this.#draw();
  }

  #toggleAll(): void {
    const selected = new Set(this.#port.get("selected"));
    const all = this.#shown.every((row) => selected.has(row.id));
    for (const { id } of this.#shown) {
      if (all) selected.delete(id);
      else selected.add(id);
    }
    this.#select(selected);
  }

  async #open(id: string): Promise<void> {
    this.#opened = id;
    this.#beside.hidden = false;
    this.#draw();
    try {
      const { body } = await this.#port.ask<string>("open", { id } satisfies Chosen);
      if (this.#opened === id) this.#beside.innerHTML = body;
    } catch (error) {
      this.#beside.replaceChildren(make("p", "dari-error", {}, (error as Error).message));
    }
    this.#beside.scrollTop = 0;
  }

  #close(): void {
    this.#opened = "";
    this.#beside.hidden = true;
    this.#beside.replaceChildren();
    this.#sheet.hidden = true;
    this.#draw();
    this.#table.move(0);
  }

  #showKeys(): void {
    this.#sheet.hidden = !this.#sheet.hidden;
  }

  #keys(): Key[] {
    return [
      { keys: ["ArrowDown", "j"], says: "next session", does: () => this.#table.move(1) },
      { keys: ["ArrowUp", "k"], says: "session before", does: () => this.#table.move(-1) },
      { keys: ["Enter", "o"], says: "open beside", does: () => void this.#open(this.#table.here) },
      { keys: [" ", "x"], says: "select", does: () => this.#toggle(this.#table.here, false) },
      { keys: ["a"], says: "select all shown, or none", does: () => this.#toggleAll() },
      { keys: ["/"], says: "filter", does: () => this.#query.focus() },
      { keys: ["?"], says: "these keys", does: () => this.#showKeys() },
      { keys: ["Escape"], says: "close what is open", does: () => this.#close() },
    ];
  }
}
