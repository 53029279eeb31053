import { beforeEach, expect, test } from "vitest";
import { trajectories } from "../../src/trajectories/component";
import { FakePort, GONE } from "../port";
import { button, click, eventually, find, hasFocus, press, show, texts } from "../view";

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

let port: FakePort<{ html: string; active: string }>;
const focused = () => (document.activeElement as HTMLButtonElement).value;
const current = () => texts("details[aria-current] > summary");
const at = (value: string) => find(`[value="${value}"]`);

beforeEach(() => {
  port = new FakePort({ html: TABLE, active: "" }, () => TRANSCRIPT);
  show(trajectories, port);
});

test("has one call in the tab order, from which arrows lead to others", () => {
  expect(document.querySelectorAll('[name=call][tabindex="0"]')).toHaveLength(1);
  at("1:0").focus();
  for (const [key, value] of [
    ["ArrowRight", "2:0"],
    ["ArrowDown", "2:1"],
    ["ArrowUp", "2:0"],
    ["ArrowLeft", "1:0"],
    ["ArrowDown", "1:1"],
  ] as const) {
    expect(press(key).defaultPrevented).toBe(true);
    expect(focused()).toBe(value);
  }
  press("ArrowDown");
  expect(focused()).toBe("1:1");
  expect(find('[name=call][tabindex="0"]')).toBe(at("1:1"));
});

test("opens the transcript of a run at a call", async () => {
  click(at("2:1"));
  expect(port.traits.active).toBe("2:1");
  await eventually(() => expect(current()).toEqual(["two"]));
  expect(port.asked).toEqual([["open", { run: 2 }]]);
  expect(find<HTMLDetailsElement>(".dari-work").open).toBe(true);
  expect(at("2:1").getAttribute("aria-current")).toBe("true");
  expect(find("[role=region]").getAttribute("aria-label")).toMatch(/2/);
});

test("asks nothing for another call of the run that is open", async () => {
  click(at("2:1"));
  await eventually(() => expect(current()).toEqual(["two"]));
  click(at("2:0"));
  expect(current()).toEqual(["one"]);
  expect(port.asked).toHaveLength(1);
  expect(at("2:1").hasAttribute("aria-current")).toBe(false);
});

test("asks for another run", async () => {
  click(at("2:1"));
  click(at("1"));
  await eventually(() => expect(texts(".dari-log")[0]).toContain("transcript"));
  expect(port.bodies("open")).toEqual([{ run: 2 }, { run: 1 }]);
});

test("opens what the kernel chooses", async () => {
  port.push({ active: "1" });
  await eventually(() => expect(texts(".dari-log")[0]).toContain("transcript"));
  port.push({ active: "" });
  expect(find(".dari-pane").hidden).toBe(true);
});

test.each(["Escape", "Close"])("closes with %s, and leads back", (way) => {
  click(at("2:0"));
  button("Close").focus();
  if (way === "Escape") press(way);
  else click(button("Close"));
  expect([find(".dari-pane").hidden, port.traits.active]).toEqual([true, ""]);
  hasFocus(at("2:0"));
  expect(document.querySelector("[aria-current]")).toBeNull();
});

test("hears no key with Ctrl, Alt or Meta", () => {
  at("1:0").focus();
  for (const held of ["ctrlKey", "altKey", "metaKey"]) press("ArrowRight", { [held]: true });
  expect(focused()).toBe("1:0");
});

test("keeps what is open while the table changes", async () => {
  click(at("2:1"));
  await eventually(() => expect(current()).toEqual(["two"]));
  port.push({ html: TABLE.replaceAll("same", "other") });
  expect(at("1:0").textContent).toBe("other");
  expect(find(".dari-pane").hidden).toBe(false);
});

test("says why a transcript doesn't open", async () => {
  port.answer = () => {
    throw new Error("No session.");
  };
  click(at("1"));
  await eventually(() => expect(texts(".dari-more")).toEqual(["No session."]));
});

test("says that the kernel is gone", async () => {
  port.leave();
  click(at("1"));
  await eventually(() => expect(texts(".dari-more")).toEqual([GONE]));
  expect(texts("[name=call]")).toHaveLength(4);
});
