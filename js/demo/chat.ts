/** A chat, and so a reader, with no kernel: what is written is answered by itself. */
import { chat } from "../src/chat/component";
import type { Answering, OpenCall, Outgoing, State } from "../src/chat/wire";
import type { Chosen, State as ReaderState, Row, Sought, Wanted } from "../src/reader/wire";
import { kernel, pause, type Told } from "./kernel";

const OPEN: OpenCall = {
  id: "c0",
  message_id: "m0",
  name: "book_seats",
  fields: [
    { name: "seats", kind: "integer", choices: [], required: true, help: "How many" },
    {
      name: "cabin",
      kind: "choice",
      choices: ["economy", "business"],
      required: false,
      help: "",
    },
  ],
};
const PENDING = '<div class="dari-pending" data-state="running">librarian working …</div>';

const rows: Row[] = [];
const html = new Map<string, string>();
let n = 0;
let turns = 0;

const { port, tell } = kernel<State & ReaderState>(
  {
    agent: "librarian",
    llms: ["small", "large"],
    llm: "",
    begun: false,
    note: "",
    watch: "",
    most_bytes: 25_000_000,
    open_calls: [OPEN],
    questions: [],
    session: "",
    active: "",
    status: "",
    head: '<div class="dari-head"><strong>librarian</strong></div>',
    height: 0,
    branches: [],
    can_fork: false,
  },
  answer,
);

const answers: Record<string, (body: never) => Told | Promise<Told>> = {
  rows: () => [{ n, parts: 1 }, rows, []],
  fragments: ({ ids }: Wanted) => [null, ids.flatMap((id) => pieces(id))],
  find: ({ query }: Sought) => [
    rows
      .filter(({ id }) => html.get(id)?.toLowerCase().includes(query.toLowerCase()))
      .map(({ id }) => id),
  ],
  raw: ({ id }: Chosen) => [JSON.stringify({ id, html: html.get(id) }, null, 2)],
  copy: ({ id }: Chosen) => [id],
  upload: async ({ key }: { key: string }) => {
    await pause(300);
    return [key];
  },
  submit: ({ is_error }: Answering) => {
    port.set({ open_calls: [] });
    return [is_error];
  },
  send: (message: Outgoing) => {
    port.set({ begun: true });
    void reply(message);
    return [null];
  },
};

function answer(what: string, body: never): Told | Promise<Told> {
  const known = answers[what];
  if (!known) throw new Error(`Nothing here answers ${what}.`);
  return known(body);
}

function pieces(id: string) {
  const row = rows.find((one) => one.id === id);
  return row ? [{ id, rev: row.rev, html: html.get(id) }] : [];
}

/** Puts an item at the end, or its new version in its place. */
function put(id: string, kind: string, flag: string, content: string): void {
  const at = rows.findIndex((row) => row.id === id);
  const place = at < 0 ? rows.length : at;
  const rev = (rows[place]?.rev ?? 0) + 1;
  const label = kind === "user" ? "You" : "Answer";
  rows[place] = { id, turn: `m${turns}`, kind, tool: "", flag, label, rev, chars: 80 };
  html.set(id, content);
  tell({ kind: "rows", n: ++n, first: place, total: rows.length } as never, rows.slice(place));
}

async function reply({ text, files }: Outgoing): Promise<void> {
  turns++;
  const said = document.createElement("p");
  said.textContent = `${text} ${files.length > 0 ? `(${files.length} files)` : ""}`;
  put(
    `u${turns}`,
    "user",
    "",
    `<blockquote class="dari-user"><header>You</header>${said.outerHTML}</blockquote>`,
  );
  put(`a${turns}`, "assistant", "pending", PENDING);
  await pause(900);
  const words = `<p>You wrote ${text.length} characters. ${"Nothing else happened. ".repeat(turns)}</p>`;
  put(`a${turns}`, "assistant", "", `<div class="dari-answer">${words}</div>`);
}

/** Draws the chat into `el`. */
export function showChat(el: HTMLElement): void {
  const { signal } = new AbortController();
  chat(port as never, signal)(el, signal);
}
