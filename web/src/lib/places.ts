/** The tree of units and sites. The centre sends each place after its parent, worst first among siblings. */
import type { Place } from '../api/client';

/** A place and everything below it; every place for the empty name. */
export function below(places: readonly Place[], name: string): ReadonlySet<string> {
  const found = new Set([name]);
  for (const p of places) if (!name || found.has(p.parent ?? '')) found.add(p.name ?? '');
  return found;
}

/** The rows of the tree: a site that is all there is below its unit needs no row of its own. */
export function rows(places: readonly Place[]): Place[] {
  const children = new Map<string, number>();
  for (const p of places) children.set(p.parent ?? '', (children.get(p.parent ?? '') ?? 0) + 1);
  return places.filter((p) => p.kind !== 'site' || children.get(p.parent ?? '') !== 1);
}

/** How deep each place hangs, 0 at the root. */
export function depths(places: readonly Place[]): ReadonlyMap<string, number> {
  const depth = new Map<string, number>();
  for (const p of places) depth.set(p.name ?? '', (depth.get(p.parent ?? '') ?? -1) + 1);
  return depth;
}
