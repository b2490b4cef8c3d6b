import { describe, expect, it } from 'vitest';
import { en } from './en';
import { vi } from './vi';

type Leaf = string | ((...args: never[]) => string);
type Tree = { [key: string]: Leaf | Tree };

function leaves(tree: Tree, path = ''): [string, Leaf][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'object' ? leaves(value, `${path}${key}/`) : [[path + key, value] as [string, Leaf]],
  );
}

describe('the two catalogues', () => {
  const vis = new Map(leaves(vi as unknown as Tree));
  const ens = new Map(leaves(en as unknown as Tree));

  it('have the same keys', () => expect([...ens.keys()].sort()).toEqual([...vis.keys()].sort()));

  it('have no empty words and the same parameters', () => {
    for (const [key, word] of vis) {
      const other = ens.get(key);
      expect(typeof other, key).toBe(typeof word);
      if (typeof word === 'string') expect(word.trim() && (other as string).trim(), key).not.toBe('');
      else expect((other as typeof word).length, key).toBe(word.length);
    }
  });

  it('speak of counters, never of an officer who is absent', () => {
    for (const word of [...Object.values(vi.kind), ...Object.values(vi.staffing)])
      expect(word.toLowerCase()).not.toMatch(/cán bộ|công chức/);
    for (const word of [...Object.values(en.kind), ...Object.values(en.staffing)])
      expect(word.toLowerCase()).not.toMatch(/officer|employee/);
  });
});
