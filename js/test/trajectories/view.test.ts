import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { trajectories } from "../../src/trajectories/component";
import type { State } from "../../src/trajectories/wire";

const cell = (value: string) =>
  `<td><button type="button" name="call" value="${value}" tabindex="-1">same</button></td>`;
const TABLE = `<div class="dari-steps"><table><thead><tr><th>Step</th>
<th><button type="button" name="run" value="1">run 1</button></th>
<th><button type="button" name="run" value="2">run 2</button></th></tr></thead><tbody>
<tr><th>1</th>${cell("1:0")}${cell("2:0")}</tr>
<tr><th>2</th>${cell("1:1")}<td>—</td></tr>
<tr><th>3</th><td>—</td>${cell("2:1")}</tr></tbody></table></div>`;
const TRANSCRIPT = `<p>transcript</p><details class="dari-work"><summary>2 calls</summary>
<details class="dari-call"><summary>one</summary></details>
<details class="dari-call"><summary>two</summary></details></details>`;

let state: State;
let asked: unknown[];
let answer: () => Promise<{ body: string; buffers: DataView[] }>;
let changed: () => void;
let closing: AbortController;
let el: HTMLElement;

const port = {
  get: (name: keyof State) => state[name],
  set(changes: Partial<State>) {
    Object.assign(state, changes);
  },
  watch(_names: unknown, listener: () => void) {
    changed = listener;
  },
  ask(what: string, body: unknown) {
    asked.push([what, body]);
    return answer();
  },
};
const find = (selector: string) => el.querySelector<HTMLElement>(selector) as HTMLElement;
const focusedValue = () => (document.activeElement as HTMLButtonElement).value;
const press = (key: string) =>
  document.activeElement?.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );

beforeEach(() => {
  state = { html: TABLE, active: "" };
  asked = [];
  answer = () => Promise.resolve({ body: TRANSCRIPT, buffers: [] });
  closing = new AbortController();
  el = document.body.appendChild(document.createElement("div"));
  Element.prototype.scrollIntoView ??= () => undefined;
  trajectories(port as never, closing.signal)(el, closing.signal);
});

afterEach(() => {
  closing.abort();
  document.body.replaceChildren();
});

describe("several runs side by side", () => {
  test("one call is reached by Tab, the others by arrows that skip what is not there", () => {
    expect(el.querySelectorAll('[name=call][tabindex="0"]')).toHaveLength(1);
    find('[value="1:0"]').focus();
    const seen = ["ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowDown"].map(
      (key) => {
        press(key);
        return focusedValue();
      },
    );
    expect(seen).toEqual(["2:0", "2:1", "2:0", "1:0", "1:1", "1:1"]);
    expect(find('[tabindex="0"][name=call]').getAttribute("value")).toBe("1:1");
  });

  test("a call opens the transcript at its place, and another of the run asks for nothing", async () => {
    find('[value="2:1"]').click();
    await vi.waitFor(() => expect(find("[aria-current] > summary")?.textContent).toBe("two"));
    expect(asked).toEqual([["open", { run: 2 }]]);
    expect((find(".dari-work") as HTMLDetailsElement).open).toBe(true);
    expect(find('[value="2:1"]').getAttribute("aria-current")).toBe("true");
    find('[value="2:0"]').click();
    expect(find("details[aria-current] > summary").textContent).toBe("one");
    expect(asked).toHaveLength(1);
  });

  test("what Python selects opens, and Escape closes it", async () => {
    state.active = "1";
    changed();
    await vi.waitFor(() => expect(find(".dari-log").textContent).toContain("transcript"));
    find("[name=close]").focus();
    press("Escape");
    expect(state.active).toBe("");
    expect(find(".dari-pane").hidden).toBe(true);
    expect(focusedValue()).toBe("1");
  });

  test("why a transcript does not open is told", async () => {
    answer = () => Promise.reject(new Error("This session is gone."));
    find('[name=run][value="1"]').click();
    await vi.waitFor(() => expect(find(".dari-more").textContent).toBe("This session is gone."));
  });
});
