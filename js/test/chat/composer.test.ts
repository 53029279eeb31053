import { beforeEach, describe, expect, test, vi } from "vitest";
import { Composer } from "../../src/chat/composer";
import { port } from "./port";

const TRAITS = { agent: "helper", llms: ["small"], llm: "", begun: false, most_bytes: 2_000_000 };

let sent: { key: string; text: string; files: string[]; llm: string }[];
let fail: string;
let composer: Composer;
let other: ReturnType<typeof port>;
const went = vi.fn();

const field = () => composer.element.querySelector("textarea") as HTMLTextAreaElement;
const labels = () => [...composer.element.querySelectorAll("button")].map((b) => b.textContent);
const press = (label: string) =>
  [...composer.element.querySelectorAll("button")].find((b) => b.textContent === label)?.click();
const key = (name: string, held: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent("keydown", {
    key: name,
    bubbles: true,
    cancelable: true,
    ...held,
  });
  field().dispatchEvent(event);
  return event;
};
const attach = (...files: File[]) => {
  const event = new Event("drop", { bubbles: true, cancelable: true });
  Object.assign(event, { dataTransfer: { types: ["Files"], files } });
  composer.element.dispatchEvent(event);
};

beforeEach(() => {
  sent = [];
  fail = "";
  went.mockClear();
  other = port({ ...TRAITS }, (what, body: { key: string }) => {
    if (fail) throw new Error(fail);
    if (what === "send") sent.push({ ...body } as never);
    return body.key;
  });
  composer = new Composer(other as never, went, new AbortController().signal);
  document.body.replaceChildren(composer.element);
});

describe("a composer", () => {
  test("sends with Ctrl+Enter, which it says whatever is written in it", async () => {
    field().value = "Hello";
    expect(composer.element.textContent).toContain("Ctrl+Enter sends");
    expect(composer.element.querySelector(".dari-main")?.getAttribute("title")).toBe("Ctrl+Enter");
    expect(key("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    expect(sent).toHaveLength(0);
    key("Enter", { ctrlKey: true });
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.text).toBe("Hello");
    expect(field().value).toBe("");
    await vi.waitFor(() => expect(went).toHaveBeenCalled());
  });

  test("sends nothing while a word is being composed, and nothing that is empty", () => {
    field().value = "こんにちは";
    key("Enter", { ctrlKey: true, isComposing: true });
    field().value = "  ";
    key("Enter", { ctrlKey: true });
    expect(sent).toHaveLength(0);
    expect(composer.element.textContent).toContain("Write something first.");
  });

  test("keeps what could not be sent, and sends it again under the same key", async () => {
    fail = "The server is gone.";
    field().value = "Hello";
    press("Send");
    await vi.waitFor(() => expect(labels()).toContain("Send again"));
    expect(composer.element.textContent).toContain("The server is gone.");
    const first = other.ask.mock.calls[0]?.[1] as { key: string };
    fail = "";
    press("Send again");
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.key).toBe(first.key);
    expect(labels()).not.toContain("Send again");
  });

  test("gives what could not be sent back for another try at writing", async () => {
    fail = "The server is gone.";
    field().value = "Hello";
    press("Send");
    await vi.waitFor(() => expect(labels()).toContain("Edit"));
    field().value = "more";
    press("Edit");
    expect(field().value).toBe("Hello\nmore");
  });

  test("lets go of what could not be sent and leaves what is being written", async () => {
    fail = "Nobody can be asked.";
    field().value = "Have you a boat?";
    press("Send");
    await vi.waitFor(() => expect(labels()).toContain("Discard"));
    field().value = "And tea?";
    press("Discard");
    expect(composer.element.textContent).not.toContain("Have you a boat?");
    expect(composer.element.textContent).not.toContain("Nobody can be asked.");
    expect(field().value).toBe("And tea?");
    expect(document.activeElement).toBe(field());
    expect(sent).toHaveLength(0);
  });

  test("attaches files in parts and sends their keys", async () => {
    attach(new File(["x".repeat(1_200_000)], "notes.txt"));
    await vi.waitFor(() => expect(other.ask).toHaveBeenCalledTimes(3));
    expect(composer.element.textContent).toContain("notes.txt · 1.2 MB");
    press("Send");
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.files).toHaveLength(1);
    expect(composer.element.textContent).not.toContain("notes.txt");
  });

  test("sends a message again with all its files, those that had arrived and the others", async () => {
    attach(new File(["a"], "came.txt"));
    await vi.waitFor(() => expect(other.ask).toHaveBeenCalledTimes(1));
    fail = "The disk is full.";
    attach(new File(["b"], "failed.txt"));
    await vi.waitFor(() => expect(composer.element.textContent).toContain("did not arrive"));
    field().value = "Read both";
    press("Send");
    await vi.waitFor(() => expect(labels()).toContain("Send again"));
    expect(composer.element.textContent).toContain("Read both (came.txt, failed.txt)");
    fail = "";
    press("Send again");
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    const uploads = other.ask.mock.calls.filter(([what]) => what === "upload");
    const keys = uploads.map(([, body]) => (body as { key: string }).key);
    expect(new Set(sent[0]?.files)).toEqual(new Set(keys));
    expect(keys.filter((one) => one === keys[0])).toHaveLength(1);
  });

  test("gives files back with what is written anew", async () => {
    attach(new File(["a"], "came.txt"));
    await vi.waitFor(() => expect(other.ask).toHaveBeenCalledTimes(1));
    fail = "The server is gone.";
    field().value = "Hello";
    press("Send");
    await vi.waitFor(() => expect(labels()).toContain("Edit"));
    press("Edit");
    expect(composer.element.querySelector(".dari-attached")?.textContent).toContain("came.txt");
    fail = "";
    press("Send");
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.files).toHaveLength(1);
  });

  test("says that a file is too large before it sends any of it", () => {
    attach(new File(["x".repeat(2_000_001)], "big.bin"));
    expect(composer.element.textContent).toContain("big.bin is larger than 2 MB.");
    expect(other.ask).not.toHaveBeenCalled();
  });

  test("offers LLMs only as long as there is no session", () => {
    const select = composer.element.querySelector("select") as HTMLSelectElement;
    expect([...select.options].map((option) => option.value)).toEqual(["", "small"]);
    other.set({ begun: true });
    expect(select.hidden).toBe(true);
  });
});
