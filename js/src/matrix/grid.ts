import { find, part, put } from "./parts";
import type { Sheet } from "./sheet";
import type { Cell, Change, Column } from "./wire";

/** A track across: a column, or one repeat of it where there is only one column. */
interface Lane {
  column: Column;
  repeat: number | undefined;
}

/** The table of a matrix: tasks down, LLMs across. */
export interface Grid {
  /** Shows these rows in this order, with names of LLMs or without. */
  show(order: string[], blind: boolean): void;
  /** Draws again what changed of the rows that are there. */
  update(change: Change): void;
  mark(opened: string, chosen: readonly string[]): void;
  /** Moves the focus, or only the place where Tab enters the table. */
  focus(id: string): void;
  enter(id: string): void;
  /** The cell that a key leads to. */
  next(id: string, event: KeyboardEvent): string | undefined;
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-8, 0],
  PageDown: [8, 0],
  Home: [0, -1e9],
  End: [0, 1e9],
};

/** @param observe Told of each row's element once. */
export function gridIn(
  table: HTMLElement,
  sheet: Sheet,
  observe: (body: HTMLElement) => void,
): Grid {
  const head = part("thead", { role: "rowgroup" });
  const bodies = new Map<string, HTMLElement>();
  const cells = new Map<string, HTMLElement>();
  let lanes: Lane[] = [];
  let tracks = 1;
  let shape = "";
  let shown = "";
  let entry = "";
  let marks = { opened: "", chosen: [] as readonly string[] };

  function reshape(blind: boolean): void {
    const { columns, repeats } = sheet;
    const order = blind ? [...columns].sort((a, b) => a.blind - b.blind) : columns;
    const aside = columns.length === 1 && repeats > 1;
    lanes = aside
      ? Array.from({ length: repeats }, (_, repeat) => ({ column: order[0] as Column, repeat }))
      : order.map((column) => ({ column, repeat: undefined }));
    tracks = aside ? 1 : repeats;
    bodies.clear();
    cells.clear();
    table.style.setProperty("--lanes", String(lanes.length));
    table.style.setProperty("--tracks", String(tracks));
  }

  function drawHead(blind: boolean): void {
    const heads = lanes.map(({ column, repeat }) => {
      const now = sheet.columns.find(({ id }) => id === column.id) ?? column;
      const html = blind ? letter(now.blind) : now.html;
      return repeat === undefined ? html : `${html.replace(/ <small>.*/, "")} · ${repeat + 1}`;
    });
    const html = ["Task", ...heads].map((text) => `<th role="columnheader">${text}</th>`).join("");
    put(head, `<tr role="row">${html}</tr>`);
  }

  function body(id: string): HTMLElement {
    const known = bodies.get(id);
    if (known) return known;
    const group = part("tbody", { role: "rowgroup", "data-row": id });
    bodies.set(id, group);
    for (let track = 0; track < tracks; track++) {
      const row = part("tr", { role: "row" });
      if (track === 0) row.append(part("th", { role: "rowheader" }));
      for (let lane = lanes.length; lane > 0; lane--) row.append(part("td", { role: "gridcell" }));
      group.append(row);
    }
    put(find(group, "th"), sheet.rows.get(id)?.html ?? "");
    for (const cell of sheet.cellsOf(id)) draw(cell);
    observe(group);
    return group;
  }

  function draw(cell: Cell): void {
    const group = bodies.get(cell.row);
    if (!group) return;
    const lane = lanes.findIndex(
      ({ column, repeat }) => column.id === cell.column && (repeat ?? cell.repeat) === cell.repeat,
    );
    const row = group.children[tracks > 1 ? cell.repeat : 0];
    const element = row?.querySelectorAll("td")[lane];
    if (!element) return;
    put(element, cell.html);
    element.dataset.state = cell.state;
    if (cells.get(cell.id) === element) return;
    cells.set(cell.id, element);
    element.dataset.cell = cell.id;
    element.tabIndex = -1;
    markOne(cell.id);
  }

  function markOne(id: string): void {
    cells.get(id)?.setAttribute("aria-selected", String(marks.chosen.includes(id)));
    cells.get(id)?.toggleAttribute("data-open", id === marks.opened);
  }

  function enter(id: string): void {
    cells.get(entry)?.setAttribute("tabindex", "-1");
    cells.get(id)?.setAttribute("tabindex", "0");
    entry = id;
  }

  return {
    show(order, blind) {
      const now = JSON.stringify([blind, sheet.repeats, sheet.columns.map(({ id }) => id)]);
      if (now !== shape) reshape(blind);
      drawHead(blind);
      if (now + order.join("\n") === shown) return;
      shape = now;
      shown = now + order.join("\n");
      const focused = cells.get(entry)?.matches(":focus");
      table.replaceChildren(head, ...order.map(body));
      if (!cells.get(entry)?.isConnected) entry = find(table, "[data-cell]")?.dataset.cell ?? "";
      enter(entry);
      if (focused) cells.get(entry)?.focus({ preventScroll: true });
    },
    update(change) {
      for (const { id, html } of change.rows) {
        const group = bodies.get(id);
        if (group) put(find(group, "th"), html);
      }
      change.cells.forEach(draw);
    },
    mark(opened, chosen) {
      const changed = [marks.opened, ...marks.chosen, opened, ...chosen];
      marks = { opened, chosen };
      changed.forEach(markOne);
    },
    enter,
    focus(id) {
      enter(id);
      cells.get(id)?.focus();
    },
    next(id, event) {
      let [down, across] = STEPS[event.key] ?? [0, 0];
      const lines = [...table.querySelectorAll("tbody > tr")].map((row) => [
        ...row.querySelectorAll("td"),
      ]);
      const at = cells.get(id) as HTMLTableCellElement;
      let y = lines.findIndex((line) => line.includes(at));
      let x = lines[y]?.indexOf(at) ?? 0;
      // As in a spreadsheet, Ctrl goes all the way.
      if (event.ctrlKey || event.metaKey) {
        if (down) down *= 1e9;
        else if (Math.abs(across) > 1) y = across < 0 ? 0 : lines.length - 1;
        else across *= 1e9;
      }
      for (let tries = lines.length; tries > 0 && (down || across); tries--) {
        y = Math.min(Math.max(y + down, 0), lines.length - 1);
        x = Math.min(Math.max(x + across, 0), lanes.length - 1);
        const cell = lines[y]?.[x]?.dataset.cell;
        if (cell) return cell;
      }
      return undefined;
    },
  };
}

/** `A` for 0, as the kernel names a column whose LLM is hidden. */
export function letter(place: number): string {
  const last = String.fromCharCode(65 + (place % 26));
  return place < 26 ? last : letter(Math.floor(place / 26) - 1) + last;
}
