import { expect, it } from 'vitest';
import { waitWords } from './wait';

it.each([
  ['nothing', undefined, { value: '–', range: '', known: false }],
  ['not seen', { quality: 'QUALITY_UNKNOWN', value: 3 }, { value: '–', range: '', known: false }],
  ['too few', { quality: 'QUALITY_INSUFFICIENT', value: 3, n: 2 }, { value: '–', range: '', known: false }],
  [
    'measured',
    { quality: 'QUALITY_MEASURED', value: 492, low: 426, high: 564 },
    { value: '8,2\u00a0ph', range: '7,1–9,4\u00a0ph', known: true },
  ],
  ['estimated', { quality: 'QUALITY_ESTIMATED', value: 492 }, { value: '≈ 8,2\u00a0ph', range: '', known: true }],
] as const)('%s', (_, estimate, want) => expect(waitWords(estimate, 'vi')).toEqual(want));
