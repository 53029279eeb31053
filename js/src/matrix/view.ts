import { interruptKernel } from "../shared/interrupt";
import type { Port } from "../shared/port";
import { gridIn } from "./grid";
import { Pane } from "./pane";
import { find, put } from "./parts";
import { Ratings } from "./ratings";
import { hasEnded, type Sheet } from "./sheet";
import { sift } from "./sift";
import type { Cell, Opened, Rating, State } from "./wire";

const TRAITS = [
  "head",
  "tools",
  "busy",
  "rating",
  "blind",
  "filter",
  "order",
  "only",
  "chosen",
] as const;
const FOLLOW_MS = 150;
const REPORT_MS = 300;
const NO_INTERRUPT = "The cell is busy: use the interrupt button of your notebook.";
const SKELETON = `<header></header>
<div class="dari-tools"><div></div><span class="dari-note"></span>
<button type="button" name="compare" title="c"></button>
<button type="button" name="clear">Clear</button>
<button type="button" name="stop" title="Stop following; the sessions go on">Stop</button></div>
<div class="dari-split"><div class="dari-grid">
<table class="dari-cells" role="grid" aria-multiselectable="true" aria-label="Matrix"></table></div>
<aside class="dari-pane" hidden><div class="dari-tools"><header></header>
<button type="button" name="close" title="Escape">Close</button></div>
<div class="dari-rate" role="group" aria-label="Rating from 1 to 5">
${[1, 2, 3, 4, 5].map((value) => `<button type="button" value="${value}">${value}</button>`).join("")}
<input name="note" aria-label="Note" placeholder="Note"><span class="dari-note"></span></div>
<p class="dari-more"></p><div class="dari-log" role="region" tabindex="0"></div></aside></div>
<span class="dari-spoken" role="status"></span>`;

/** Draws a matrix into `el`, and keeps it up to date until `signal` aborts. */
export function drawMatrix(
  el: HTMLElement,
  port: Port<State>,
  sheet: Sheet,
  signal: AbortSignal,
): void {
  el.classList.add("dari", "dari-view", "dari-matrix");
  el.dataset.keys = "";
  el.innerHTML = SKELETON;
  const inside = (selector: string) => find<HTMLElement>(el, selector);
  const [head, tools, count] = [
    inside("header"),
    inside(".dari-tools > div"),
    inside(".dari-note"),
  ];
  const [line, spoken] = [inside(".dari-rate"), inside(".dari-spoken")];
  const note = find<HTMLInputElement>(line, "input");
  const inSight = new Set<string>();
  const sight = new IntersectionObserver(seen);
  const pane = new Pane(inside(".dari-pane"), signal);
  const grid = gridIn(inside("table"), sheet, (body) => sight.observe(body));
  const ratings = new Ratings((rating) => port.ask("rate", rating), told);
  let opened: Cell | undefined;
  let blind = false;
  let frame = 0;
  let following: ReturnType<typeof setTimeout> | undefined;
  let reporting: ReturnType<typeof setTimeout> | undefined;
  let reported = "";

  const button = (name: string) => find<HTMLButtonElement>(el, `[name=${name}]`);
  const cellAt = (event: Event) => {
    const at = (event.target as Element).closest<HTMLElement>("[data-cell]");
    return sheet.cells.get(at?.dataset.cell ?? "");
  };
  const question = (cells: string[]) => ({ cells, blind });

  function show(): void {
    const chosen = port.get("chosen");
    put(head, port.get("head"));
    put(tools, port.get("tools"));
    for (const field of tools.querySelectorAll<HTMLInputElement>("[name]")) {
      const value = port.get(field.name as "filter" | "blind") as string | boolean;
      if (typeof value === "boolean") field.checked = value;
      else if (field.value !== value) field.value = value;
    }
    button("compare").textContent = `Compare ${chosen.length}`;
    button("compare").disabled = chosen.length < 2;
    button("compare").hidden = button("clear").hidden = chosen.length === 0;
    button("stop").hidden = !port.get("busy");
    line.hidden = !port.get("rating") || !opened;
    arrange();
    grid.mark(opened?.id ?? "", chosen);
    if (blind === port.get("blind")) return;
    // What is open tells names or hides them, too.
    blind = el.classList.toggle("dari-blind");
    arrange();
    if (opened) open(opened);
    else if (!pane.element.hidden) compare();
  }

  function arrange(): void {
    frame = 0;
    const [filter, order, only] = [port.get("filter"), port.get("order"), port.get("only")];
    const rows = sift(sheet, { filter, order, only });
    grid.show(rows, blind);
    count.textContent = rows.length < sheet.rows.size ? `${rows.length} of ${sheet.rows.size}` : "";
  }

  function open(cell: Cell): void {
    clearTimeout(following);
    opened = cell;
    el.dataset.open = "cell";
    pane.open(sheet.rows.get(cell.row)?.label ?? "");
    find(line, ".dari-note").textContent = "";
    note.value = "";
    read(cell);
    show();
  }

  function read(cell: Cell): void {
    opened = cell;
    showRating();
    const answer = port.ask<Opened>("cell", question([cell.id]));
    void pane.wait(answer, (transcript) => pane.show(transcript));
  }

  function compare(): void {
    opened = undefined;
    el.dataset.open = "compare";
    pane.open("Compared");
    const answer = port.ask<string>("compare", question(port.get("chosen")));
    void pane.wait(answer, (html) => pane.compare(html));
    show();
  }

  function close(): void {
    clearTimeout(following);
    const back = opened?.id ?? port.get("chosen").at(-1);
    const hadFocus = pane.element.matches(":focus-within");
    opened = undefined;
    delete el.dataset.open;
    pane.close();
    if (hadFocus && back) grid.focus(back);
    show();
  }

  function choose(cell: Cell): void {
    const chosen = port.get("chosen");
    const others = chosen.filter((id) => id !== cell.id);
    port.set({ chosen: others.length < chosen.length ? others : [...chosen, cell.id] });
    show();
  }

  function rate(cell: Cell, change: Partial<Rating>): void {
    ratings.rate(cell, port.get("rating"), change);
  }

  function told(cell: Cell, words: string, isError: boolean): void {
    spoken.textContent = `Task ${(sheet.rows.get(cell.row)?.index ?? 0) + 1}: ${words}`;
    // An error is seen beside the cell that it is about.
    if (isError && opened?.id !== cell.id) open(cell);
    if (opened?.id !== cell.id) return;
    find(line, ".dari-note").textContent = words;
    find(line, ".dari-note").toggleAttribute("data-error", isError);
    showRating();
  }

  function showRating(): void {
    if (!opened) return;
    const known = ratings.of(opened, port.get("rating"));
    for (const value of line.querySelectorAll("button")) {
      value.setAttribute("aria-pressed", String(Number(value.value) === known.value));
    }
    if (!note.matches(":focus")) note.value = known.note;
  }

  async function stop(): Promise<void> {
    port.send({ kind: "stop" });
    button("stop").disabled = true;
    if (!port.get("blocking") || (await interruptKernel(port.get("kernel_id")))) return;
    button("stop").disabled = false;
    button("stop").title = spoken.textContent = NO_INTERRUPT;
  }

  function seen(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const row = (target as HTMLElement).dataset.row ?? "";
      if (isIntersecting) inSight.add(row);
      else inSight.delete(row);
    }
    reporting ??= setTimeout(report, REPORT_MS);
  }

  /** Tells the kernel which cells are in sight and go on. */
  function report(): void {
    reporting = undefined;
    const cells = [...inSight].flatMap((row) => sheet.cellsOf(row).filter((c) => !hasEnded(c)));
    const ids = cells.map((cell) => cell.id);
    if (ids.join("\n") === reported) return;
    reported = ids.join("\n");
    port.send({ kind: "visible", cells: ids });
  }

  function pressed(event: KeyboardEvent): boolean {
    const { key } = event;
    if (key === "Escape" && !pane.element.hidden) close();
    const cell = cellAt(event);
    if (!cell || event.altKey) return key === "Escape";
    const next = grid.next(cell.id, event);
    if (next) grid.focus(next);
    else if (event.ctrlKey || event.metaKey) return false;
    else if (key === "Enter") open(cell);
    else if (key === " ") choose(cell);
    else if (key === "c" && port.get("chosen").length > 1) compare();
    else if (!port.get("rating")) return false;
    else if (key >= "1" && key <= "5") rate(cell, { value: Number(key) });
    else if (key === "n") {
      open(cell);
      note.focus();
    } else return false;
    return true;
  }

  const buttons: Record<string, () => void> = {
    compare,
    close,
    stop,
    clear: () => port.set({ chosen: [] }),
  };
  const listeners: Record<string, (event: never) => void> = {
    click(event: MouseEvent) {
      const { name, value } = event.target as HTMLButtonElement;
      const cell = cellAt(event);
      buttons[name ?? ""]?.();
      if (value && opened && line.contains(event.target as Node)) {
        if (!name) rate(opened, { value: Number(value) });
      }
      if (!cell) return;
      if (event.shiftKey || event.ctrlKey || event.metaKey) choose(cell);
      else open(cell);
    },
    keydown(event: KeyboardEvent) {
      if (!pressed(event)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    /** With a transcript open, it is that of the cell with the focus. */
    focusin(event: FocusEvent) {
      const cell = cellAt(event);
      if (!cell) return;
      grid.enter(cell.id);
      clearTimeout(following);
      if (opened && opened.id !== cell.id) following = setTimeout(open, FOLLOW_MS, cell);
    },
    input(event: Event) {
      const { name, type, checked, value } = event.target as HTMLInputElement;
      if (tools.contains(event.target as Node)) {
        port.set({ [name]: type === "checkbox" ? checked : value });
      }
    },
    change(event: Event) {
      if (event.target === note && opened) rate(opened, { note: note.value.trim() });
    },
  };
  for (const [name, listener] of Object.entries(listeners)) {
    el.addEventListener(name, listener as () => void, { signal });
  }
  /** What someone unfolds in a comparison unfolds in the whole row. */
  const together = ({ target }: Event) => {
    const { open } = target as HTMLDetailsElement;
    const row = (target as Element).closest(".dari-compare tr")?.querySelectorAll("details") ?? [];
    for (const details of row) details.open = open;
  };
  el.addEventListener("toggle", together, { capture: true, signal });
  port.watch(TRAITS, show, signal);
  sheet.subscribe((change) => {
    grid.update(change);
    frame ||= requestAnimationFrame(arrange);
    reporting ??= setTimeout(report, REPORT_MS);
    const news = change.cells.find((cell) => cell.id === opened?.id);
    if (news) read(news);
  }, signal);
  signal.addEventListener("abort", () => {
    sight.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(following);
    clearTimeout(reporting);
  });
  show();
}
