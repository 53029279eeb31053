/** Heights of many rows, known or guessed: the sum up to any row in logarithmic time. */
export class Heights {
  readonly #of: Float64Array;
  /** A Fenwick tree: place `i` sums the rows of the range that ends there. */
  readonly #sums: Float64Array;

  constructor(heights: ArrayLike<number>) {
    this.#of = Float64Array.from(heights);
    this.#sums = new Float64Array(heights.length + 1);
    for (let row = 1; row < this.#sums.length; row++) {
      this.#sums[row] = (this.#sums[row] as number) + (this.#of[row - 1] as number);
      const above = row + (row & -row);
      if (above < this.#sums.length) {
        this.#sums[above] = (this.#sums[above] as number) + (this.#sums[row] as number);
      }
    }
  }

  get count(): number {
    return this.#of.length;
  }

  get total(): number {
    return this.top(this.count);
  }

  of(row: number): number {
    return this.#of[row] ?? 0;
  }

  /** Where a row begins. */
  top(row: number): number {
    let sum = 0;
    for (let at = row; at > 0; at -= at & -at) sum += this.#sums[at] as number;
    return sum;
  }

  set(row: number, height: number): void {
    const change = height - this.of(row);
    if (change === 0) return;
    this.#of[row] = height;
    for (let at = row + 1; at < this.#sums.length; at += at & -at) {
      this.#sums[at] = (this.#sums[at] as number) + change;
    }
  }

  /** The row at a distance from the top; the first or the last for what is outside. */
  at(distance: number): number {
    let row = 0;
    let left = distance;
    for (let step = highestBit(this.count); step > 0; step >>= 1) {
      const next = row + step;
      if (next <= this.count && (this.#sums[next] as number) <= left) {
        row = next;
        left -= this.#sums[next] as number;
      }
    }
    return Math.max(0, Math.min(row, this.count - 1));
  }
}

function highestBit(count: number): number {
  return count === 0 ? 0 : 1 << (31 - Math.clz32(count));
}
