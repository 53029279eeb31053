const DAY = 86_400_000;

/** A time by the reader's own clock: as people say it now, and exactly. */
export function when(created: string, now = new Date()): [string, string] {
  const time = new Date(created);
  if (Number.isNaN(time.getTime())) return [created, ""];
  const two = (part: number) => String(part).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const exact = `${date} ${clock}`;
  const days = Math.round((midnight(now) - midnight(time)) / DAY);
  if (days === 0) return [`today ${clock}`, exact];
  if (days === 1) return [`yesterday ${clock}`, exact];
  return [exact, exact];
}

function midnight(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}
