import { expect, it } from 'vitest';
import { columns, rows } from './series';

const at = (minute: number) => `2026-11-21T02:0${minute}:00Z`;
const start = Date.parse(at(0));

it('joins queue and wait by time and leaves gaps where nothing is known', () => {
  const joined = rows(
    [
      { startTime: at(0), value: 2, coverage: 1 },
      { startTime: at(1), coverage: 0 },
      { startTime: at(2), value: 0, coverage: 0.5 },
    ],
    [{ startTime: at(2), value: 90 }, { startTime: at(1) }],
  );
  expect(joined).toEqual([
    { at: start, queue: 2, wait: null, coverage: 1 },
    { at: start + 60_000, queue: null, wait: null, coverage: 0 },
    { at: start + 120_000, queue: 0, wait: 90, coverage: 0.5 },
  ]);
  expect(columns(joined)).toEqual([
    [start / 1000, start / 1000 + 60, start / 1000 + 120],
    [2, null, 0],
    [null, null, 1.5],
  ]);
});

it('drops a point without a time', () => expect(rows([{ value: 1 }], [])).toEqual([]));
