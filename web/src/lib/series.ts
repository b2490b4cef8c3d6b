/** Two series of the centre side by side on one time axis. What is not known is null: a gap, never a zero. */
import { ms, type SeriesPoint } from '../api/client';

export interface Row {
  at: number; // start of the stretch, ms
  queue: number | null; // people, mean
  wait: number | null; // seconds, median
  coverage: number | null; // 0..1; null outside working time
}

export function rows(queue: readonly SeriesPoint[], wait: readonly SeriesPoint[]): Row[] {
  const waits = new Map(wait.map((p) => [ms(p.startTime), p]));
  return queue.flatMap((p) => {
    const at = ms(p.startTime);
    if (at === undefined) return [];
    return [{ at, queue: p.value ?? null, wait: waits.get(at)?.value ?? null, coverage: p.coverage ?? null }];
  });
}

/** What uPlot draws: seconds, people, minutes. */
export function columns(of: readonly Row[]): [number[], (number | null)[], (number | null)[]] {
  return [of.map((r) => r.at / 1000), of.map((r) => r.queue), of.map((r) => (r.wait === null ? null : r.wait / 60))];
}
