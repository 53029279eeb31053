/** Seconds since the start by this page's clock, set right by what the kernel says. */
export class Clock {
  #zero: number | undefined;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes the kernel's count; the latest message has the least delay to make up for. */
  sync(elapsed: number): void {
    this.#zero = this.#now() - elapsed * 1000;
  }

  /** Starts from a time of day; only good as long as no message came. */
  guess(started: number | null): void {
    if (this.#zero === undefined && started !== null) this.sync(Date.now() / 1000 - started);
  }

  get seconds(): number {
    return this.#zero === undefined ? 0 : Math.max(0, (this.#now() - this.#zero) / 1000);
  }
}

/** `0.4 s`, `48 s`, `1 min 5 s`, `2 h 4 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The same while it counts: whole seconds only, so that it ticks once a second. */
export function ticking(seconds: number): string {
  return seconds < 10 ? `${Math.floor(seconds)} s` : duration(Math.floor(seconds));
}
