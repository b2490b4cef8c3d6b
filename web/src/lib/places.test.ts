import { expect, it } from 'vitest';
import { below, depths, rows } from './places';

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

it('gives a row of its own only to a site that has siblings', () => {
  const sites = places.map((p) => ({ ...p, kind: p.name.startsWith('sites/') ? 'site' : 'ward' }));
  expect(rows(sites).map((p) => p.name)).toEqual(['units/p', 'units/a', 'units/b']);
  expect(rows([...sites, { name: 'sites/b2', parent: 'units/b', kind: 'site' }])).toHaveLength(5);
});
