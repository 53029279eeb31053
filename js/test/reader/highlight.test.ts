import { describe, expect, test } from "vitest";
import { rangesOf } from "../../src/reader/highlight";

function found(html: string, query: string): string[] {
  const element = document.createElement("div");
  element.innerHTML = html;
  return rangesOf(element, query).map((range) => {
    const { startContainer, startOffset, endContainer, endOffset } = range;
    const text = (node: Node) => (node as Text).data;
    if (startContainer === endContainer) return text(startContainer).slice(startOffset, endOffset);
    return `${text(startContainer).slice(startOffset)}|${text(endContainer).slice(0, endOffset)}`;
  });
}

describe("a search", () => {
  test("finds every place, in any case", () => {
    expect(found("<p>Churn and CHURN</p><p>churn</p>", "Churn")).toEqual([
      "Churn",
      "CHURN",
      "churn",
    ]);
  });

  test("finds words across elements", () => {
    expect(found("<p>ch<b>ur</b>n</p>", "churn")).toEqual(["ch|n"]);
  });

  test("finds words at the edge of a node", () => {
    expect(found("<b>ab</b><i>cd</i>", "cd")).toEqual(["cd"]);
    expect(found("<b>ab</b><i>cd</i>", "ab")).toEqual(["ab"]);
  });

  test("keeps places after letters with a longer lower case", () => {
    expect(found("<p>İİİ churn</p>", "churn")).toEqual(["churn"]);
  });

  test("finds nothing in an empty element", () => {
    expect(found("", "x")).toEqual([]);
  });
});
