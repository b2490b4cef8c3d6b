import { expect, it } from 'vitest';
import { freshness } from './stale';

it.each([
  ['nothing came yet', undefined, { kind: 'none' }],
  ['just taken', 100_000, { kind: 'fresh', age: 0 }],
  ['the camera is ahead by a moment', 101_000, { kind: 'fresh', age: 0 }],
  ['10 s old', 90_000, { kind: 'fresh', age: 10_000 }],
  ['older than 10 s', 89_999, { kind: 'stale', age: 10_001 }],
] as const)('%s', (_, at, want) => expect(freshness(at, 100_000)).toEqual(want));
