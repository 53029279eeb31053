import { stateWord } from "../live/state_bar";
import { button, make } from "../shared/dom";
import { COLUMNS, type Column, metadataText, type Order } from "./sift";
import type { Row } from "./wire";

/** What the table tells of the reader. */
export interface Wishes {
  sort(column: Column): void;
  toggle(id: string, range: boolean): void;
  open(id: string): void;
}

/** What the table shows. */
export interface Shown {
  rows: Row[];
  order: Order;
  costs: Map<string, string>;
  selected: ReadonlySet<string>;
  opened: string;
}

/** The table itself: a row for each session, one of which can be reached by Tab. */
export class Table {
  readonly element = make("table", "", { "aria-multiselectable": "true", role: "grid" });
  readonly #body = make("tbody", "");
  readonly #heads = new Map<Column, HTMLElement>();
  readonly #wishes: Wishes;
  readonly #signal: AbortSignal;
  #here = "";

  constructor(wishes: Wishes, signal: AbortSignal) {
    this.#wishes = wishes;
    this.#signal = signal;
    const line = make(
      "tr",
      "",
      {},
      make("th", "", { scope: "col" }, make("span", "dari-spoken", {}, "Select")),
    );
    for (const column of COLUMNS) {
      const head = make("th", "", { scope: "col" });
      head.append(button(column, () => wishes.sort(column), signal));
      this.#heads.set(column, head);
      line.append(head);
    }
    this.element.append(make("thead", "", {}, line), this.#body);
    this.#body.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#body.addEventListener("focusin", (event) => this.#focused(event), { signal });
  }

  show(shown: Shown): void {
    for (const [column, head] of this.#heads) {
      const direction = shown.order.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", column === shown.order.column ? direction : "none");
    }
    const rows = shown.rows.map((row) => this.#row(row, shown));
    const hadFocus = this.#body.contains(document.activeElement);
    this.#body.replaceChildren(...rows);
    const here = rows.find((row) => row.dataset.id === this.#here) ?? rows[0];
    if (!here) return;
    this.#here = here.dataset.id ?? "";
    here.tabIndex = 0;
    if (hadFocus) here.focus({ preventScroll: true });
  }

  get here(): string {
    return this.#here;
  }

  /** Moves the focus by rows, as far as there are any. */
  move(by: number): void {
    const rows = [...this.#body.children] as HTMLElement[];
    const from = rows.findIndex((row) => row.dataset.id === this.#here);
    rows[Math.max(0, Math.min(rows.length - 1, from + by))]?.focus();
  }

  #row(row: Row, shown: Shown): HTMLElement {
    const box = make("input", "", {
      type: "checkbox",
      tabindex: "-1",
      "aria-label": `Select ${row.id}`,
    });
    box.checked = shown.selected.has(row.id);
    const state = make("span", "dari-state", { "data-state": row.status }, stateWord(row.status));
    const name = button(row.name || row.id, () => this.#wishes.open(row.id), this.#signal, {
      tabindex: "-1",
      title: row.id,
    });
    const cells = [
      box,
      state,
      row.agent,
      row.llm,
      name,
      when(row.created),
      shown.costs.get(row.id) ?? "",
    ];
    return make(
      "tr",
      "",
      {
        "data-id": row.id,
        tabindex: "-1",
        "aria-selected": String(box.checked),
        ...(row.id === shown.opened ? { "aria-current": "true" } : {}),
      },
      ...[...cells, metadataText(row)].map((cell) => make("td", "", {}, cell)),
    );
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>("tr")?.dataset.id;
    if (id && !target.closest("button")) this.#wishes.toggle(id, event.shiftKey);
  }

  #focused(event: FocusEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>("tr");
    for (const other of this.#body.querySelectorAll<HTMLElement>("tr[tabindex='0']"))
      other.tabIndex = -1;
    if (!row) return;
    row.tabIndex = 0;
    this.#here = row.dataset.id ?? "";
  }
}

/** The reader's own time of day, as people write it. */
function when(created: string): string {
  const time = new Date(created);
  if (Number.isNaN(time.getTime())) return created;
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
