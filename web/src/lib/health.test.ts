import { describe, expect, it } from 'vitest';
import type { CameraLive } from '../api/client';
import { fullness, problemsOf, rows, seconds, statusOf, statusOfBudget, statusOfNode } from './health';

const live = (more: Partial<CameraLive> = {}): CameraLive => ({ state: 'CAMERA_STATE_LIVE', ...more });

describe('what is wrong with a camera', () => {
  it.each([
    ['nothing', live(), [], 'ok'],
    ['nothing is told', undefined, ['unknown'], 'none'],
    ['nothing is known', { state: 'CAMERA_STATE_UNSPECIFIED' }, ['unknown'], 'none'],
    ['it refuses', { state: 'CAMERA_STATE_REFUSED' }, ['refused'], 'crit'],
    ['it cannot be reached', { state: 'CAMERA_STATE_OFFLINE', mode: 'DECODE_MODE_SHED' }, ['offline'], 'crit'],
    ['it is being connected', { state: 'CAMERA_STATE_CONNECTING' }, ['connecting'], 'warn'],
    ['its clock', live({ stream: { clockSkew: '-3.5s' } }), ['skew'], 'warn'],
    ['its clock, hardly', live({ stream: { clockSkew: '1.9s' } }), [], 'ok'],
    ['the node is overloaded', live({ mode: 'DECODE_MODE_SHED' }), ['shed'], 'warn'],
    ['one of 100 pictures', live({ counts: { received: '1000', failed: '8', damaged: '8' } }), ['failing'], 'warn'],
    ['the first picture', live({ counts: { received: '3', failed: '1' } }), [], 'ok'],
    ['its main stream', live({ stream: { source: 'sub' } }), ['sub'], 'warn'],
  ] as const)('%s', (_, told, want, status) => {
    const found = problemsOf(told as CameraLive | undefined);
    expect(found).toEqual(want);
    expect(statusOf(found)).toBe(status);
  });

  it('comes first in the list', () => {
    const told: Record<string, CameraLive> = {
      a: live(),
      b: live({ stream: { clockSkew: '9s' } }),
      c: { state: 'CAMERA_STATE_STALLED' },
      d: { state: 'CAMERA_STATE_REFUSED' },
      e: live(),
    };
    const list = rows(
      ['e', 'a', 'b', 'c', 'd'].map((name) => ({ name, displayName: name })),
      (name) => told[name ?? ''],
    );
    expect(list.map((r) => r.camera.name).join('')).toBe('dcbae');
  });
});

describe('a node', () => {
  it('is as its worst resource', () => {
    expect(fullness({ used: 3, limit: 4 })).toBe(0.75);
    expect(fullness({ used: 3 })).toBeUndefined();
    expect(statusOfBudget({ resource: 'cpu', used: 2, limit: 2 })).toBe('ok');
    expect(statusOfBudget({ resource: 'cpu', used: 2, limit: 2, shed: 'ends of groups' })).toBe('warn');
    expect(statusOfBudget({ resource: 'disk', used: 8, limit: 10 })).toBe('warn');
    expect(statusOfBudget({ resource: 'memory', used: 11, limit: 10 })).toBe('crit');
    const beatTime = '2026-03-02T01:00:00Z';
    expect(statusOfNode({})).toBe('none');
    expect(statusOfNode({ beatTime })).toBe('crit');
    expect(statusOfNode({ beatTime, online: true })).toBe('ok');
    expect(statusOfNode({ beatTime, online: true, budgets: [{ resource: 'disk', used: 9, limit: 10 }, {}] })).toBe(
      'warn',
    );
  });
});

it('durations are seconds', () => {
  expect(seconds('2.5s')).toBe(2.5);
  expect(seconds('-0.004s')).toBe(-0.004);
  expect(seconds(undefined)).toBeUndefined();
  expect(seconds('soon')).toBeUndefined();
});
