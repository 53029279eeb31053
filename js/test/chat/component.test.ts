import { beforeEach, describe, expect, test } from "vitest";
import type { OpenCall } from "../../src/chat/wire";
import { GONE } from "../port";
import { item } from "../reader/transcripts";
import {
  button,
  choose,
  click,
  eventually,
  find,
  hasFocus,
  press,
  settled,
  texts,
  write,
} from "../view";
import { type ChatPort, shown } from "./chats";

type Sent = { key: string; text: string; files: string[]; llm: string };

let port: ChatPort;
const field = () => find<HTMLTextAreaElement>("[aria-label=Message] textarea");
const composer = () => find("[aria-label=Message]");
const waiting = () => texts(".dari-outbox li span");
const attached = () => texts(".dari-attached li > span:first-child");
const sent = () => port.bodies("send") as Sent[];
const drop = (...files: File[]) => {
  const event = new Event("drop", { bubbles: true, cancelable: true });
  composer().dispatchEvent(Object.assign(event, { dataTransfer: { types: ["Files"], files } }));
};
const send = (text: string) => {
  write(field(), text);
  field().focus();
  return press("Enter", { ctrlKey: true });
};
/** Sends what the kernel refuses. */
const refused = async (text: string) => {
  port.refusal = "Server down.";
  send(text);
  await eventually(() => button("Edit"));
  port.refusal = "";
};

beforeEach(() => {
  port = shown();
});

describe("the composer", () => {
  test.each([{ ctrlKey: true }, { metaKey: true }])("sends with Enter and %j", async (held) => {
    write(field(), "Hello");
    field().focus();
    press("Enter", held);
    await eventually(() => expect(sent()).toMatchObject([{ text: "Hello", files: [], llm: "" }]));
    expect(field().value).toBe("");
    await eventually(() => expect(waiting()).toEqual([]));
    hasFocus(field());
  });

  test("says by which key it sends", () => {
    expect(composer().textContent).toContain("Ctrl+Enter");
    expect(button("Send").title).toBe("Ctrl+Enter");
    expect(field().getAttribute("aria-label")).toMatch(/helper/);
  });

  test("makes a line with Enter and Shift+Enter, and sends nothing half composed", () => {
    write(field(), "こんにちは");
    field().focus();
    expect(press("Enter").defaultPrevented).toBe(false);
    expect(press("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    press("Enter", { ctrlKey: true, isComposing: true });
    expect(sent()).toEqual([]);
  });

  test("sends nothing that is empty, and says so", () => {
    send("  ");
    expect(sent()).toEqual([]);
    expect(texts("[aria-label=Message] [role=status]")[0]).not.toBe("");
  });

  test("gives each message a key of its own", async () => {
    send("one");
    send("two");
    await eventually(() => expect(sent()).toHaveLength(2));
    expect(new Set(sent().map(({ key }) => key)).size).toBe(2);
  });

  test("offers LLMs until the session has begun", async () => {
    const menu = find<HTMLSelectElement>("[aria-label=LLM]");
    expect([...menu.options].map(({ value }) => value)).toEqual(["", "small"]);
    choose(menu, "small");
    expect(port.traits.llm).toBe("small");
    send("Hello");
    await eventually(() => expect(sent()).toMatchObject([{ llm: "small" }]));
    port.push({ begun: true });
    expect(menu.hidden).toBe(true);
  });
});

describe("a message that wasn't sent", () => {
  test("stays, and is sent again under the same key", async () => {
    await refused("Hello");
    expect(waiting()).toEqual(["Hello"]);
    expect(texts(".dari-outbox small")).toEqual(["Server down."]);
    click(button("Send again"));
    await eventually(() => expect(sent()).toHaveLength(2));
    expect(sent()[1]).toEqual(sent()[0]);
    await eventually(() => expect(waiting()).toEqual([]));
  });

  test("can be edited, with what is being written", async () => {
    await refused("Hello");
    write(field(), "more");
    click(button("Edit"));
    expect([field().value, waiting()]).toEqual(["Hello\nmore", []]);
    hasFocus(field());
  });

  test("can be discarded, which leaves what is being written", async () => {
    await refused("Hello");
    write(field(), "And tea?");
    click(button("Discard"));
    expect([field().value, waiting()]).toEqual(["And tea?", []]);
    hasFocus(field());
  });

  test("isn't lost when the kernel is gone", async () => {
    port.leave();
    send("Hello");
    await eventually(() => expect(texts(".dari-outbox small")).toEqual([GONE]));
    expect(waiting()).toEqual(["Hello"]);
    click(button("Edit"));
    expect(field().value).toBe("Hello");
    expect(sent()).toEqual([]);
  });
});

describe("files", () => {
  test("arrive in parts, and go with the message by their keys", async () => {
    drop(new File(["x".repeat(1_200_000)], "notes.txt"));
    await eventually(() => expect(port.bodies("upload")).toHaveLength(3));
    const parts = port.bodies("upload") as { key: string; name: string; offset: number }[];
    expect(parts.map(({ offset }) => offset)).toEqual([0, 524_288, 1_048_576]);
    expect(parts[0]).toMatchObject({ name: "notes.txt", size: 1_200_000 });
    expect(attached()).toEqual([expect.stringMatching(/notes\.txt.*1\.2 MB/)]);
    click(button("Send"));
    await eventually(() => expect(sent()).toMatchObject([{ text: "", files: [parts[0]?.key] }]));
    expect(attached()).toEqual([]);
  });

  test("are chosen by a button, and taken off by name", async () => {
    const picker = find<HTMLInputElement>("input[type=file]");
    Object.defineProperty(picker, "files", { value: [new File(["a"], "a.txt")] });
    picker.dispatchEvent(new Event("change", { bubbles: true }));
    await eventually(() => expect(attached()).toHaveLength(1));
    click(button(/a\.txt/));
    send("without");
    await eventually(() => expect(sent()).toMatchObject([{ files: [] }]));
  });

  test("that failed arrive when the message is sent again", async () => {
    drop(new File(["a"], "came.txt"));
    await eventually(() => expect(port.bodies("upload")).toHaveLength(1));
    port.refusal = "Disk full.";
    drop(new File(["b"], "failed.txt"));
    await eventually(() => expect(texts("[role=status]").join()).toContain("Disk full."));
    send("Read both");
    await eventually(() => button("Send again"));
    expect(waiting()).toEqual([expect.stringMatching(/Read both.*came\.txt.*failed\.txt/)]);
    port.refusal = "";
    click(button("Send again"));
    await eventually(() => expect(sent()).toHaveLength(1));
    const keys = port.bodies("upload").map((body) => (body as { key: string }).key);
    expect(new Set(sent()[0]?.files)).toEqual(new Set(keys));
    expect(keys.filter((key) => key === keys[0])).toHaveLength(1);
  });

  test("come back with a message that is edited", async () => {
    drop(new File(["a"], "came.txt"));
    await eventually(() => expect(port.bodies("upload")).toHaveLength(1));
    await refused("Hello");
    click(button("Edit"));
    expect(attached()).toHaveLength(1);
    click(button("Send"));
    await eventually(() => expect(sent().at(-1)?.files).toHaveLength(1));
  });

  test("that are too large aren't sent", () => {
    drop(new File(["x".repeat(2_000_001)], "big.bin"));
    expect(texts("[role=status]").join()).toMatch(/big\.bin.*2 MB/);
    expect([port.bodies("upload"), attached()]).toEqual([[], []]);
  });
});

describe("an open call", () => {
  const JSON_CALL: OpenCall = { id: "c1", message_id: "m1", name: "look", fields: [] };
  const field = (name: string, kind: string, required = false, choices: string[] = []) =>
    ({ name, kind, required, choices, help: "" }) as OpenCall["fields"][number];
  const FORM_CALL: OpenCall = {
    id: "c2",
    message_id: "m1",
    name: "book",
    fields: [
      field("seats", "integer", true),
      field("cabin", "choice", false, ["economy"]),
      field("window", "boolean"),
    ],
  };
  const form = () => find<HTMLFormElement>("form[aria-label^=Answer]");
  const json = () => find<HTMLTextAreaElement>("form[aria-label^=Answer] textarea");

  test("is answered as JSON where it has no fields, once", async () => {
    port.push({ open_calls: [JSON_CALL] });
    expect(form().getAttribute("aria-label")).toMatch(/look/);
    write(json(), '{"ok": true}');
    click(button("Answer"));
    await eventually(() => expect(form().hasAttribute("inert")).toBe(true));
    const about = { id: "c1", message_id: "m1", is_error: false };
    expect(port.bodies("submit")).toEqual([{ ...about, values: '{"ok": true}' }]);
  });

  test("is refused as an error", () => {
    port.push({ open_calls: [JSON_CALL] });
    click(button("Refuse"));
    expect(port.bodies("submit")).toMatchObject([{ id: "c1", is_error: true }]);
  });

  test("is answered by fields, which are labeled", () => {
    port.push({ open_calls: [FORM_CALL] });
    const [seats, window] = form().querySelectorAll("input");
    write(seats as Element, "2");
    (window as HTMLInputElement).checked = true;
    expect([...form().querySelectorAll("label > span")].map((one) => one.textContent)).toEqual([
      "seats",
      expect.stringMatching(/^cabin .*optional/),
      expect.stringMatching(/^window .*optional/),
    ]);
    click(button("Answer"));
    const values = { seats: "2", cabin: "", window: true };
    expect(port.bodies("submit")).toMatchObject([{ id: "c2", is_error: false, values }]);
  });

  test("says what is wrong, and keeps what was written", async () => {
    port.push({ open_calls: [JSON_CALL] });
    port.refusal = "No JSON.";
    write(json(), "{");
    const written = json();
    click(button("Answer"));
    await eventually(() => expect(texts("form [role=alert]")).toEqual(["No JSON."]));
    port.push({ open_calls: [JSON_CALL, FORM_CALL] });
    expect(json()).toBe(written);
    expect(json().value).toBe("{");
    port.leave();
    click(button("Answer"));
    await eventually(() => expect(texts("form [role=alert]")[0]).toBe(GONE));
    expect(json().value).toBe("{");
  });

  test("is gone once it is answered", () => {
    port.push({ open_calls: [JSON_CALL] });
    port.push({ open_calls: [] });
    expect(document.querySelector("form[aria-label^=Answer]")).toBeNull();
    expect(find(".dari-open").hidden).toBe(true);
  });
});

describe("a chat", () => {
  test("shows its transcript, and asks before tools run", async () => {
    await eventually(() => item("a2"));
    const ask = { id: "i1", name: "erase", about: "", arguments: "<p>all</p>" };
    port.push({ questions: [ask] });
    click(button(/^Run/));
    expect(port.bodies("decide")).toEqual([{ id: "i1", verdict: "run", reason: "" }]);
    port.push({ questions: [] });
    hasFocus(field());
  });

  test("has tools for finding on request, until Escape", () => {
    const tools = find("[role=toolbar]");
    expect(tools.hidden).toBe(true);
    click(button("Find"));
    expect(tools.hidden).toBe(false);
    hasFocus(find("input[type=search]"));
    press("Escape");
    expect(tools.hidden).toBe(true);
    hasFocus(find("[role=log]"));
  });

  test("stops its turn, and goes on writing after that", async () => {
    port.push({ note: "it runs", watch: "Stop" });
    click(button("Stop"));
    await settled();
    expect(port.asked.map(([what]) => what)).toContain("watch");
    port.push({ watch: "" });
    hasFocus(field());
  });

  test("takes letters in its fields as text", () => {
    field().focus();
    for (const key of ["j", "a", "?", "/", "End"]) expect(press(key).defaultPrevented).toBe(false);
    hasFocus(field());
  });
});
