/** How old a picture is, and from when on it must not be taken for the present. */
export const STALE_AFTER = 10_000; // ms

export type Freshness = { kind: 'none' } | { kind: 'fresh'; age: number } | { kind: 'stale'; age: number };

/** A clock that is a little ahead of the other does not make a picture of the future: its age is 0. */
export function freshness(at: number | undefined, now: number): Freshness {
  if (at === undefined) return { kind: 'none' };
  const age = Math.max(0, now - at);
  return { kind: age > STALE_AFTER ? 'stale' : 'fresh', age };
}
