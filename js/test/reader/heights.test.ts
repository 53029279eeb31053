// @vitest-environment node
import { describe, expect, test } from "vitest";
import { Heights } from "../../src/reader/heights";

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

describe("heights", () => {
  for (const count of [0, 1, 2, 3, 7, 8, 9, 100]) {
    test(`add up with ${count} rows`, () => {
      const values = Array.from({ length: count }, (_, n) => ((n * 7) % 5) + 1);
      const heights = new Heights(values);
      for (let change = 0; change < count; change += 3) {
        values[change] = 40 + change;
        heights.set(change, 40 + change);
      }
      expect(heights.total).toBe(sum(values));
      for (let row = 0; row < count; row++) {
        expect(heights.top(row)).toBe(sum(values.slice(0, row)));
        expect(heights.at(heights.top(row))).toBe(row);
        expect(heights.at(heights.top(row) + heights.of(row) - 0.5)).toBe(row);
      }
    });
  }

  test("outside are those of the first or last row", () => {
    const heights = new Heights([10, 10, 10]);
    expect(heights.at(-50)).toBe(0);
    expect(heights.at(1000)).toBe(2);
  });
});
