/**
 * The list of events as pure steps. What is on the screen keeps its order while somebody points at it or has the focus in it:
 * changes of shown events appear in place, new ones wait behind a chip ("3 mới") until the list is let go or the chip pressed.
 */
import { ms, type Event } from '../api/client';

export interface EventList {
  shown: readonly Event[]; // newest opening first
  waiting: readonly Event[]; // new, not yet shown
}

export const emptyList: EventList = { shown: [], waiting: [] };

const opened = (e: Event) => ms(e.openTime) ?? 0;
const newestFirst = (a: Event, b: Event) => opened(b) - opened(a) || (b.name ?? '').localeCompare(a.name ?? '');

/** Takes events in any order, any number of times; an older revision changes nothing. */
export function take(list: EventList, events: readonly Event[], held: boolean): EventList {
  const fresh = new Map(events.map((e) => [e.name, e]));
  for (const e of events) {
    const other = fresh.get(e.name);
    if (other && (other.revision ?? 0) < (e.revision ?? 0)) fresh.set(e.name, e);
  }
  const renew = (e: Event) => {
    const newer = fresh.get(e.name);
    fresh.delete(e.name);
    return newer && (newer.revision ?? 0) > (e.revision ?? 0) ? newer : e;
  };
  const shown = list.shown.map(renew);
  const waiting = [...list.waiting.map(renew), ...fresh.values()];
  return held && shown.length > 0 ? { shown, waiting } : release({ shown, waiting });
}

/** Shows what waited. */
export function release(list: EventList): EventList {
  if (list.waiting.length === 0) return list;
  return { shown: [...list.shown, ...list.waiting].sort(newestFirst), waiting: [] };
}

const urgency: Record<string, number> = { SEVERITY_CRITICAL: 3, SEVERITY_ATTENTION: 2, SEVERITY_NO_DATA: 1 };

/** What is open now, most urgent first, then what has lasted longest. What was withdrawn no longer counts. */
export function attention(list: EventList): Event[] {
  return [...list.shown, ...list.waiting]
    .filter((e) => !e.closeTime && !e.withdrawn)
    .sort((a, b) => (urgency[b.severity ?? ''] ?? 0) - (urgency[a.severity ?? ''] ?? 0) || began(a) - began(b));
}

/**
 * What to show of `now` while somebody points at `before`: everything stays in its place, in its newest state (`latest`), what
 * is new comes at the end.
 */
export function steady(before: readonly Event[], now: readonly Event[], latest: (e: Event) => Event): Event[] {
  const known = new Set(before.map((e) => e.name));
  return [...before.map(latest), ...now.filter((e) => !known.has(e.name))];
}

/** When what the event is about began, ms. */
export const began = (e: Event) => ms(e.beginTime) ?? opened(e);
