import { describe, expect, it } from 'vitest';
import { bitRate, bytes, clock, date, dateTime, duration, interval, number, percent, startOfDay } from './format';

/** Units are bound to their figures by a space that does not break. */
const bound = (text: string) => text.replaceAll(' ', '\u00a0');
const at = Date.parse('2026-11-21T02:41:20Z'); // 09:41:20 in Hà Nội

describe('numbers', () => {
  it.each([
    ['vi', 1284, 0, '1.284'],
    ['vi', 8.25, 1, '8,3'],
    ['en', 1284, 0, '1,284'],
    ['en', 8.2, 1, '8.2'],
    ['vi', null, 0, '–'],
    ['vi', NaN, 0, '–'],
  ] as const)('%s %s', (lang, n, digits, want) => expect(number(n, lang, digits)).toBe(want));

  it.each([
    [0.94, '94 %'],
    [0.999, '99 %'],
    [1, '100 %'],
    [0, '0 %'],
    [undefined, '–'],
  ])('share %s', (share, want) => expect(percent(share, 'vi')).toBe(bound(want)));
});

describe('durations', () => {
  it.each([
    [0, '0 giây'],
    [59.4, '59 giây'],
    [59.6, '1,0 ph'],
    [492, '8,2 ph'],
    [597, '10 ph'],
    [1260, '21 ph'],
    [3599, '1 giờ 00'],
    [7500, '2 giờ 05'],
    [null, '–'],
  ])('%s s', (s, want) => expect(duration(s, 'vi')).toBe(bound(want)));

  it.each([
    [30, 45, '30–45 giây'],
    [426, 564, '7,1–9,4 ph'],
    [1200, 1800, '20–30 ph'],
    [-5, 40, '0–40 giây'],
    [null, 3, '–'],
  ])('interval %s to %s', (low, high, want) => expect(interval(low, high, 'vi')).toBe(bound(want)));
});

describe('times', () => {
  it('reads the clock of the site, not of the browser', () => {
    expect(clock(at, 'vi')).toBe('09:41:20');
    expect(clock(at, 'vi', 'Asia/Tokyo', false)).toBe('11:41');
  });
  it('counts 24 hours from 00', () => expect(clock(Date.parse('2026-11-20T17:00:00Z'), 'vi')).toBe('00:00:00'));
  it('puts the day first in both languages', () => {
    expect(date(at, 'vi')).toBe('21/11/2026');
    expect(date(at, 'en')).toBe('21/11/2026');
    expect(date(at, 'vi', undefined, false)).toBe('21/11');
    expect(dateTime(at, 'vi')).toBe('21/11/2026 09:41:20');
  });
  it('finds the start of the local day', () =>
    expect(new Date(startOfDay(at)).toISOString()).toBe('2026-11-20T17:00:00.000Z'));
});

it('sizes and rates have the unit people know them by', () => {
  const plain = (s: string) => s.replaceAll('\u00a0', ' ');
  expect([0, 900, 5 * 1024, 1.5 * 2 ** 30, 512 * 2 ** 20, 3 * 2 ** 50].map((n) => plain(bytes(n, 'vi')))).toEqual([
    '0 B',
    '900 B',
    '5 KiB',
    '1,5 GiB',
    '512 MiB',
    '3.072 TiB',
  ]);
  expect(bytes(undefined, 'vi')).toBe('–');
  expect([950e3, 1.25e6].map((n) => plain(bitRate(n, 'en')))).toEqual(['950 kbit/s', '1.3 Mbit/s']);
});
