import { beforeEach, describe, expect, test, vi } from "vitest";
import { OpenCalls } from "../../src/chat/open_calls";
import type { Answering, OpenCall } from "../../src/chat/wire";
import { port } from "./port";

const JSON_CALL: OpenCall = { id: "c1", message_id: "m1", name: "look", fields: [] };
const FORM_CALL: OpenCall = {
  id: "c2",
  message_id: "m1",
  name: "book",
  fields: [
    { name: "seats", kind: "integer", choices: [], required: true, help: "How many" },
    { name: "cabin", kind: "choice", choices: ["economy"], required: false, help: "" },
    { name: "window", kind: "boolean", choices: [], required: false, help: "" },
  ],
};

let answers: Answering[];
let fail: string;
let other: ReturnType<typeof port>;
let open: OpenCalls;

const forms = () => [...open.element.querySelectorAll("form")];
const press = (label: string) =>
  [...open.element.querySelectorAll("button")].find((b) => b.textContent === label)?.click();

beforeEach(() => {
  answers = [];
  fail = "";
  other = port({ open_calls: [JSON_CALL] }, (_what, body: Answering) => {
    answers.push(body);
    if (fail) throw new Error(fail);
  });
  open = new OpenCalls(other as never, new AbortController().signal);
  document.body.replaceChildren(open.element);
});

describe("open calls", () => {
  test("an answer is JSON where nothing tells its form", async () => {
    (open.element.querySelector("textarea") as HTMLTextAreaElement).value = '{"ok": true}';
    press("Answer");
    await vi.waitFor(() => expect(forms()[0]?.hasAttribute("inert")).toBe(true));
    expect(answers).toEqual([
      { id: "c1", message_id: "m1", is_error: false, values: '{"ok": true}' },
    ]);
  });

  test("a refusal is an error result", async () => {
    press("Refuse");
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers[0]).toMatchObject({ is_error: true, values: "Refused by the user." });
  });

  test("a form gives values by field", async () => {
    other.set({ open_calls: [FORM_CALL] });
    const [seats, window] = open.element.querySelectorAll("input");
    (seats as HTMLInputElement).value = "2";
    (window as HTMLInputElement).checked = true;
    press("Answer");
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers[0]?.values).toEqual({ seats: "2", cabin: "", window: true });
    expect(open.element.textContent).toContain("cabin (optional)");
  });

  test("what is wrong is said in place, and what was filled in stays", async () => {
    fail = "The answer is no JSON.";
    const field = open.element.querySelector("textarea") as HTMLTextAreaElement;
    field.value = "{";
    press("Answer");
    await vi.waitFor(() => expect(open.element.textContent).toContain("is no JSON"));
    other.set({ open_calls: [JSON_CALL, FORM_CALL] });
    expect(forms()).toHaveLength(2);
    expect(field.isConnected).toBe(true);
    expect(field.value).toBe("{");
  });

  test("nothing open takes no room", () => {
    other.set({ open_calls: [] });
    expect(open.element.hidden).toBe(true);
    expect(forms()).toHaveLength(0);
  });
});
