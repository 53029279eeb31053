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

describe("what is found", () => {
  test("is found whatever its case, each time it is there", () => {
    expect(found("<p>Churn and CHURN</p><p>churn</p>", "Churn")).toEqual([
      "Churn",
      "CHURN",
      "churn",
    ]);
  });

  test("is found across elements", () => {
    expect(found("<p>ch<b>ur</b>n</p>", "churn")).toEqual(["ch|n"]);
  });

  test("may begin and end at the edge of a node", () => {
    expect(found("<b>ab</b><i>cd</i>", "cd")).toEqual(["cd"]);
    expect(found("<b>ab</b><i>cd</i>", "ab")).toEqual(["ab"]);
  });

  test("keeps its place after letters whose lower case is longer", () => {
    expect(found("<p>İİİ churn</p>", "churn")).toEqual(["churn"]);
  });

  test("is nothing where nothing is", () => {
    expect(found("", "x")).toEqual([]);
  });
});
