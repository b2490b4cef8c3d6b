import { expect, it } from 'vitest';
import { parseRoute } from './route';

it.each([
  ['/', { page: 'overview' }],
  ['/alerts', { page: 'alerts', event: '' }],
  ['/alerts/', { page: 'alerts', event: '' }],
  ['/alerts/3f2a', { page: 'alerts', event: '3f2a' }],
  ['/alerts/a%20b', { page: 'alerts', event: 'a b' }],
  ['/alerts/%E0%A4%A', { page: 'alerts', event: '%E0%A4%A' }],
  ['/alerts/a/b', { page: 'missing' }],
  ['/signin', { page: 'signin' }],
  ['/setup', { page: 'setup' }],
  ['/setup/x', { page: 'missing' }],
  ['/nowhere', { page: 'missing' }],
])('%s', (path, want) => expect(parseRoute(path)).toEqual(want));
