import { arrange, focusOn, make, setAttributes } from "../shared/dom";
import { reveal, scrollWithin, windowAround } from "../shared/scrolling";
import { fill, find, put, rovingTabindex } from "./parts";
import type { Sheet } from "./sheet";
import type { Cell, Change, Column } from "./wire";

/** A track across: a column, or one repeat of it where there is only one column. */
interface Lane {
  column: Column;
  repeat: number | undefined;
}

/** Rows that are seen, and below them a line that opens those on which nothing differs. */
export interface Rows {
  shown: string[];
  same: string[];
  words: string;
}

/** The table of a matrix: tasks down, LLMs across. */
export interface Grid {
  /** Shows nothing, until it is told what there is now. */
  clear(): void;
  /** Shows these rows in this order. */
  show(rows: Rows): void;
  /** Shows what changed, and which cells meet the conditions. */
  showFit(): void;
  /** Draws again what changed of the rows that are there. */
  update(change: Change): void;
  mark(opened: string, selection: readonly string[]): void;
  /** Draws the cells of a row that is near to what the reader sees. */
  near(row: string): void;
  /** Moves the focus and scrolls nothing, or moves only the place where Tab enters the table. */
  focus(id: string): void;
  enter(id: string): void;
  /** Moves the focus, and brings it into sight. */
  goTo(id: string): void;
  /** Whether one element shows both cells. */
  shows(id: string, other: string): boolean;
  /** Brings a cell into sight, with its task; `scrollTo` scrolls the table alone for that. */
  reveal(id: string): void;
  scrollTo(id: string): void;
  /** The cell that a key leads to. */
  next(id: string, event: KeyboardEvent): string | undefined;
}

/** Rows that a key leads on, and that are drawn at once, not only when the reader is near. */
const PAGE = 8;
const DRAWN_MS = 99;
/** How far a key leads down and across. */
export const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-PAGE, 0],
  PageDown: [PAGE, 0],
  Home: [0, -1e9],
  End: [0, 1e9],
};

/**
 * @param observe Told of each row's element once.
 * @param lost Takes the focus of what is no longer there; false where another one gets it.
 * @param isSteady Whether something is in sight that stays where it is, be a cell seen or not.
 */
export function gridIn(
  table: HTMLElement,
  sheet: Sheet,
  observe: (body: HTMLElement) => void,
  lost: () => boolean,
  isSteady: () => boolean,
): Grid {
  const box = table.parentElement as HTMLElement;
  const head = make("thead", "", { role: "rowgroup" });
  const fold = make("tbody", "", { role: "rowgroup" });
  const bodies = new Map<string, HTMLElement>();
  const cells = new Map<string, HTMLElement>();
  const drawn = new Set<string>();
  let lanes: Lane[] = [];
  let shape = "";
  let shown = "";
  let entry = "";
  let isOpen = false;
  /** How high the names of the columns are, which stay in sight when the rest of the head goes. */
  let names = 0;
  let rows: Rows = { shown: [], same: [], words: "" };
  let fit = new Set<string>();
  let active = "";
  let selection: readonly string[] = [];

  fold.innerHTML = `<tr role="row"><td role="gridcell" class="dari-fold"><button name="same"></button></td></tr>`;
  const button = find<HTMLButtonElement>(fold, "button");
  button.addEventListener("click", () => {
    isOpen = !isOpen;
    place();
  });
  const sizes = new ResizeObserver(() => {
    const first = find(head, "th");
    names = find(first, "span").offsetHeight;
    head.style.top = `${names - head.offsetHeight}px`;
    box.style.scrollPadding = `${names}px 0 0 ${first.offsetWidth}px`;
  });
  head.addEventListener("focusin", ({ target }) => {
    // What stays in sight by itself is scrolled to by no browser. A click must hit what it is on.
    if ((target as Element).matches(":focus-visible")) box.scrollTop = 0;
  });

  function forget(): void {
    for (const known of [bodies, cells, drawn]) known.clear();
  }

  function reshape(): void {
    const { columns, repeats } = sheet;
    const aside = columns.length === 1 && repeats > 1;
    lanes = aside
      ? Array.from({ length: repeats }, (_, repeat) => ({ column: columns[0] as Column, repeat }))
      : columns.map((column) => ({ column, repeat: undefined }));
    forget();
    table.style.setProperty("--lanes", String(lanes.length));
  }

  function drawHead(): void {
    const heads = lanes.map(({ column, repeat }) => {
      const now = sheet.columns.find(({ id }) => id === column.id) ?? column;
      return repeat === undefined ? now.html : `${now.html.replace(/ <small.*/, "")} · ${repeat}`;
    });
    const html = ["Task", ...heads].map((text) =>
      text.replace(/^([^<]*)(.*)/s, '<th role="columnheader"><span>$1</span><div>$2</div></th>'),
    );
    put(head, `<tr role="row">${html.join("")}</tr>`);
    sizes.observe(head);
    rovingTabindex(head);
  }

  function body(id: string): HTMLElement {
    const known = bodies.get(id);
    if (known) return known;
    const group = make("tbody", "", { role: "rowgroup", "data-row": id, "data-item": id });
    bodies.set(id, group);
    group.innerHTML = '<tr role="row"><th role="rowheader"></th></tr>';
    put(find(group, "th"), sheet.rows.get(id)?.html ?? "");
    observe(group);
    return group;
  }

  function near(id = ""): void {
    if (!drawn.has(id)) draw(id);
  }

  /** Draws a row: in each lane what came out differently, one below the other. */
  function draw(id: string): void {
    const group = bodies.get(id);
    if (!group) return;
    drawn.add(id);
    const all = sheet.cellsOf(id).sort((a, b) => a.repeat - b.repeat);
    const columns = lanes.map(({ column, repeat }) =>
      all.filter(
        (cell) =>
          cell.column === column.id &&
          cell.within === cell.id &&
          (repeat ?? cell.repeat) === cell.repeat,
      ),
    );
    const tracks = Math.max(1, ...columns.map(({ length }) => length));
    resize(group, tracks);
    for (const cell of all) cells.delete(cell.id);
    for (const [track, row] of [...group.children].entries()) {
      const places = row.querySelectorAll("td");
      columns.forEach((found, lane) => {
        const element = places[lane] as HTMLElement;
        const isLast = track === found.length - 1;
        element.hidden = track >= Math.max(1, found.length);
        // Above them is room for the task, where there is none beside.
        element.style.gridArea = `${track + 2} / ${lane + 2} / ${isLast ? tracks + 2 : track + 3}`;
        showCell(element, found[track]);
      });
    }
  }

  /** Gives a row as many lines as it has tracks. */
  function resize(group: HTMLElement, tracks: number): void {
    find(group, "th").style.setProperty("--tracks", String(tracks));
    fill(group, tracks, () => make("tr", "", { role: "row" }));
    for (const [track, row] of [...group.children].entries()) {
      fill(row, lanes.length + (track ? 0 : 1), () => make("td", "", { role: "gridcell" }));
    }
  }

  function showCell(element: HTMLElement, cell: Cell | undefined): void {
    put(element, cell?.html ?? "");
    if (!cell) {
      delete element.dataset.cell;
      return;
    }
    const { state, tint } = cell;
    Object.assign(element.dataset, { cell: cell.id, state, tint });
    cells.set(cell.id, element);
    say(cell.id, element);
    element.tabIndex = cell.id === shownBy(entry) ? 0 : -1;
    markOne(cell.id);
  }

  /** Says what changed in a place, once, with a + if it is of all there; and what was asked for. */
  function say(id: string, element: HTMLElement): void {
    const cell = sheet.cells.get(id) as Cell;
    const { row, column, repeat } = cell;
    const mark = !repeat && sheet.markOf(cell);
    const isAll = sheet.cellsOf(row).every((one) => one.column !== column || one.within === id);
    element.style.setProperty("--change", `"${mark}"`);
    if (mark) element.dataset.change = isAll ? mark : `${mark}+`;
    else delete element.dataset.change;
    element.toggleAttribute("data-fit", fit.has(id));
  }

  function rowOf(id: string): string {
    return sheet.cells.get(id)?.row ?? "";
  }

  /** The cell that shows another which came out like it, or else is that. */
  function shownBy(id: string): string {
    return sheet.cells.get(id)?.within ?? id;
  }

  /** The element that shows a cell, be it with others that came out like it. */
  function elementOf(id: string): HTMLElement | undefined {
    return cells.get(shownBy(id));
  }

  function markOne(id: string): void {
    const element = elementOf(id);
    const shows = (other: string) => other !== "" && elementOf(other) === element;
    element?.setAttribute("aria-selected", String(selection.some(shows)));
    element?.toggleAttribute("data-open", shows(active));
  }

  function enter(id: string): void {
    near(rowOf(id));
    elementOf(entry)?.setAttribute("tabindex", "-1");
    elementOf(id)?.setAttribute("tabindex", "0");
    entry = id;
  }

  /** Tab enters the table at a cell that is there. */
  function settle(): void {
    if (!elementOf(entry)?.isConnected) enter(find(table, "[data-cell]")?.dataset.cell ?? "");
  }

  /** Puts the rows into the table that are to be there; what has the focus in it keeps that. */
  function place(): void {
    const held = table.querySelector<HTMLElement>(":focus");
    button.textContent = `${isOpen ? "▾" : "▸"} ${rows.words}`;
    setAttributes(button, { "aria-expanded": String(isOpen) });
    const below = rows.same.length ? [fold, ...(isOpen ? rows.same.map(body) : [])] : [];
    arrange(table, [head, ...rows.shown.map(body), ...below]);
    rows.shown.slice(0, PAGE).forEach(near);
    settle();
    if (!held || (!held.isConnected && lost())) return;
    const next = held.isConnected ? held : elementOf(entry);
    focusOn(next);
  }

  return {
    clear() {
      forget();
      shape = shown = "";
      table.replaceChildren();
    },
    show(now) {
      const columns = JSON.stringify([sheet.repeats, sheet.columns.map(({ id }) => id)]);
      if (columns !== shape) reshape();
      drawHead();
      const key = JSON.stringify([columns, now]);
      if (key === shown) return;
      shape = columns;
      shown = key;
      rows = now;
      place();
    },
    showFit() {
      const found = [...sheet.left.values()].filter((row) => row.fit.length);
      const all = found.flatMap(({ id }) => sheet.cellsOf(id));
      fit = new Set(all.filter((cell) => sheet.fits(cell)).map(({ within }) => within));
      for (const [id, element] of cells) say(id, element);
    },
    update(change) {
      for (const { id, html } of change.rows) {
        const group = bodies.get(id);
        if (group) put(find(group, "th"), html);
      }
      const held = elementOf(entry)?.matches(":focus");
      for (const id of new Set(change.cells.map((cell) => cell.row))) if (drawn.has(id)) draw(id);
      // Its place may show another cell now.
      if (held && !elementOf(entry)?.matches(":focus")) elementOf(entry)?.focus();
    },
    mark(opened, selected) {
      near(rowOf(opened));
      const changed = [active, ...selection, opened, ...selected];
      active = opened;
      selection = selected;
      changed.forEach(markOne);
    },
    near,
    enter,
    focus(id) {
      enter(id);
      if (!elementOf(id)?.isConnected && lost()) return;
      settle();
      focusOn(elementOf(entry));
    },
    goTo(id) {
      this.focus(id);
      const show = () => id === entry && this.reveal(id);
      show();
      // Rows that come near are drawn as high as they are a moment later.
      setTimeout(show, DRAWN_MS);
    },
    shows(id, other) {
      return elementOf(id) === elementOf(other);
    },
    reveal(id) {
      const row = bodies.get(rowOf(id));
      // Of the table the part in the window is seen.
      scrollWithin(box, row, Math.max(names, windowAround(box)[0]));
      if (!isSteady()) reveal(row, elementOf(id));
    },
    scrollTo(id) {
      scrollWithin(box, elementOf(id), names);
    },
    next(id, event) {
      let [down, across] = STEPS[event.key] ?? [0, 0];
      const ids = [...rows.shown, ...(isOpen ? rows.same : [])];
      const here = ids.indexOf(rowOf(id));
      const beside = ids.slice(within(here - PAGE, ids), here + PAGE + 1);
      for (const row of [ids[0], ...beside, ids.at(-1)]) near(row);
      const lines = [...table.querySelectorAll("[data-row] > tr")].map((row) => [
        ...row.querySelectorAll("td"),
      ]);
      const at = elementOf(id) as HTMLTableCellElement;
      let y = lines.findIndex((line) => line.includes(at));
      let x = lines[y]?.indexOf(at) ?? 0;
      // As in a spreadsheet, Ctrl goes all the way.
      if (event.ctrlKey || event.metaKey) {
        if (down) down *= 1e9;
        else if (Math.abs(across) > 1) y = across < 0 ? 0 : lines.length - 1;
        else across *= 1e9;
      }
      for (let tries = lines.length; tries > 0 && (down || across); tries--) {
        y = within(y + down, lines);
        x = within(x + across, lanes);
        const cell = reaching(lines, y, x);
        if (cell && cell !== id) return cell;
      }
      return undefined;
    },
  };
}

/** The nearest place in a list. */
function within(place: number, list: unknown[]): number {
  return Math.min(Math.max(place, 0), list.length - 1);
}

/** The cell at a place, or the one above it that reaches down to there. */
function reaching(lines: HTMLElement[][], y: number, x: number): string | undefined {
  const element = lines[y]?.[x];
  if (!element?.hidden) return element?.dataset.cell;
  return reaching(lines, y - 1, x);
}
