import { describe, expect, it } from 'vitest';
import type { Event } from '../api/client';
import { attention, emptyList, release, steady, take } from './events';

const event = (id: string, minute: number, more: Partial<Event> = {}): Event => ({
  name: `events/${id}`,
  openTime: `2026-11-21T02:${String(minute).padStart(2, '0')}:00Z`,
  revision: 1,
  ...more,
});
const names = (events: readonly Event[]) => events.map((e) => e.name?.slice(7)).join(' ');

describe('the list of events', () => {
  const two = take(emptyList, [event('a', 1), event('b', 2)], false);

  it('is newest first', () => expect(names(two.shown)).toBe('b a'));

  it('is filled even while held when nothing is shown yet', () =>
    expect(names(take(emptyList, [event('a', 1)], true).shown)).toBe('a'));

  it('does not move while held', () => {
    const held = take(two, [event('c', 3)], true);
    expect([names(held.shown), names(held.waiting)]).toEqual(['b a', 'c']);
    expect(names(release(held).shown)).toBe('c b a');
    expect(release(held).waiting).toEqual([]);
  });

  it('changes shown events in place while held', () => {
    const held = take(two, [event('a', 1, { revision: 2, closeTime: '2026-11-21T02:09:00Z' })], true);
    expect(names(held.shown)).toBe('b a');
    expect(held.shown[1]?.closeTime).toBeDefined();
    expect(held.waiting).toEqual([]);
  });

  it('keeps the newest revision whatever the order of arrival', () => {
    const late = take(take(two, [event('a', 1, { revision: 3 })], false), [event('a', 1, { revision: 2 })], false);
    expect(late.shown.find((e) => e.name === 'events/a')?.revision).toBe(3);
    const together = take(emptyList, [event('x', 1, { revision: 2 }), event('x', 1, { revision: 1 })], false);
    expect(together.shown.map((e) => e.revision)).toEqual([2]);
  });

  it('never doubles an event that is told twice', () => {
    const again = take(take(two, [event('c', 3)], true), [event('c', 3), event('a', 1)], true);
    expect([names(again.shown), names(again.waiting)]).toEqual(['b a', 'c']);
  });
});

describe('what needs attention', () => {
  it('holds only open events, critical first, then the longest, waiting ones too', () => {
    const list = take(
      emptyList,
      [
        event('done', 1, { closeTime: '2026-11-21T02:05:00Z', severity: 'SEVERITY_CRITICAL' }),
        event('queue', 2, { severity: 'SEVERITY_ATTENTION' }),
        event('late', 4, { severity: 'SEVERITY_CRITICAL' }),
        event('early', 3, { severity: 'SEVERITY_CRITICAL' }),
        event('holiday', 2, { severity: 'SEVERITY_CRITICAL', withdrawn: 'Quốc khánh' }),
      ],
      false,
    );
    const held = take(list, [event('dark', 1, { severity: 'SEVERITY_NO_DATA' })], true);
    expect(names(attention(held))).toBe('early late queue dark');
  });
});

it('keeps everything in its place while somebody points at it', () => {
  const closed = event('a', 1, { closeTime: '2026-11-21T02:09:00Z' });
  const shown = steady([event('a', 1), event('b', 2)], [event('c', 3), event('b', 2)], (e) =>
    e.name === closed.name ? closed : e,
  );
  expect(names(shown)).toBe('a b c');
  expect(shown[0]).toBe(closed);
});
