import { describe, expect, test } from "vitest";
import { edited, markEnd, morph } from "../../src/shared/grow";

function element(html: string): HTMLElement {
  const holder = document.createElement("div");
  holder.innerHTML = html;
  return holder.firstElementChild as HTMLElement;
}

describe("an edited text", () => {
  test("has each piece at its place in the older text", () => {
    expect(edited("abcdef", [])).toBe("abcdef");
    expect(
      edited("abcdef", [
        [1, 2, "X"],
        [5, 6, "YZ"],
      ]),
    ).toBe("aXcdeYZ");
    expect(edited("a😀b", [[3, 4, "c"]])).toBe("a😀c");
  });
});

describe("morph", () => {
  const cases: [string, string][] = [
    ["<div><p>a</p></div>", "<div><p>a</p><p>b</p></div>"],
    ["<div><p>a</p><p>b</p></div>", "<div><p>a</p></div>"],
    ["<div data-state='running'><p>a</p></div>", "<div class='x'><p>a <b>b</b></p></div>"],
    ["<div><p>a</p></div>", "<div><ul><li>a</li></ul></div>"],
    ["<div><pre>x = 1</pre></div>", "<div><pre title='py'>x = <i>1</i></pre></div>"],
    ["<div>a<p>b</p></div>", "<div><p>b</p>a</div>"],
    ["<div><math><mi>x</mi></math></div>", "<div><math><mi>y</mi></math></div>"],
  ];
  test.each(cases)("turns %s into %s", (before, after) => {
    const old = element(before);
    morph(old, element(after));
    expect(old.isEqualNode(element(after))).toBe(true);
  });

  test("keeps equal elements, and texts that only grow", () => {
    const old = element("<div><p>done</p><p>it is</p></div>");
    const [done, open] = [...old.children] as [Element, Element];
    const words = open.firstChild as Text;
    morph(old, element("<div><p>done</p><p>it is so</p><p>now</p></div>"));
    expect([...old.children].slice(0, 2)).toEqual([done, open]);
    expect(open.firstChild).toBe(words);
    expect(words.data).toBe("it is so");
  });
});

describe("the caret of an answer", () => {
  const caret = (html: string) => {
    const answer = element(`<div data-state="running">${html}</div>`);
    markEnd(answer);
    return [...answer.querySelectorAll(".dari-caret")].map((one) => one.outerHTML);
  };
  test.each([
    ["<p>a</p><p>b <b>c</b></p>", '<p class="dari-caret">b <b>c</b></p>'],
    ["<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", '<li class="dari-caret">c</li>'],
    ["<table><tbody><tr><td>a</td><td></td></tr></tbody></table>", '<td class="dari-caret">a</td>'],
    ["<blockquote><pre>x</pre></blockquote>", '<pre class="dari-caret">x</pre>'],
  ])("is at the end of %s", (html, where) => {
    expect(caret(html)).toEqual([where]);
  });

  test("moves on, and goes when the answer ends", () => {
    const answer = element('<div data-state="running"><p>a</p></div>');
    markEnd(answer);
    morph(answer, element('<div data-state="running"><p>a</p><p>b</p></div>'));
    markEnd(answer);
    expect(answer.innerHTML).toBe('<p>a</p><p class="dari-caret">b</p>');
    morph(answer, element("<div><p>a</p><p>b</p></div>"));
    markEnd(answer);
    expect(answer.innerHTML).toBe("<p>a</p><p>b</p>");
  });
});
