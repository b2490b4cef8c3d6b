import { expect, it } from 'vitest';
import { below, depths } from './places';

const places = [
  { name: 'units/p' },
  { name: 'units/a', parent: 'units/p' },
  { name: 'sites/a1', parent: 'units/a' },
  { name: 'units/b', parent: 'units/p' },
  { name: 'sites/b1', parent: 'units/b' },
];

it.each([
  ['units/p', 'units/p units/a sites/a1 units/b sites/b1'],
  ['units/b', 'units/b sites/b1'],
  ['sites/a1', 'sites/a1'],
  ['', ' units/p units/a sites/a1 units/b sites/b1'],
  ['units/gone', 'units/gone'],
])('below %s', (name, want) => expect([...below(places, name)].join(' ')).toBe(want));

it('knows how deep a place hangs', () => expect([...depths(places).values()]).toEqual([0, 1, 2, 1, 2]));
