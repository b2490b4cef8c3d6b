import { describe, expect, it } from 'vitest';
import type { CameraLive, LiveCounter } from '../api/client';
import { ofCamera, ofCounter, ofPlace } from './status';

const camera = (...staffing: NonNullable<LiveCounter['staffing']>[]): CameraLive => ({
  state: 'CAMERA_STATE_LIVE',
  counters: staffing.map((s) => ({ staffing: s })),
});

describe('status', () => {
  it.each([
    ['STAFFING_STAFFED', 'ok'],
    ['STAFFING_GRACE', 'warn'],
    ['STAFFING_ABSENT', 'crit'],
    ['STAFFING_UNKNOWN', 'none'],
    ['STAFFING_OFF_SCHEDULE', 'none'],
    [undefined, 'none'],
  ] as const)('a counter that is %s is %s', (staffing, want) =>
    expect(ofCounter(staffing ? { staffing } : {})).toBe(want),
  );

  it('of a camera is that of its worst counter', () => {
    expect(ofCamera(camera('STAFFING_STAFFED', 'STAFFING_ABSENT', 'STAFFING_GRACE'), true)).toBe('crit');
    expect(ofCamera(camera('STAFFING_STAFFED', 'STAFFING_UNKNOWN'), true)).toBe('ok');
  });

  it('is never good without data', () => {
    expect(ofCamera(camera('STAFFING_STAFFED'), false)).toBe('none');
    expect(ofCamera({ ...camera(), state: 'CAMERA_STATE_OFFLINE' }, true)).toBe('none');
    expect(ofPlace({ severity: 'SEVERITY_NORMAL', cameras: 2, camerasWithoutData: 2 })).toBe('none');
    expect(ofPlace({ severity: 'SEVERITY_NORMAL' })).toBe('none');
    expect(ofPlace(undefined)).toBe('none');
    expect(ofPlace({ severity: 'SEVERITY_NORMAL', cameras: 1, countersDue: 3, countersUnknown: 3 })).toBe('none');
    expect(ofCamera(camera('STAFFING_UNKNOWN', 'STAFFING_UNKNOWN'), true)).toBe('none');
  });

  it('of a place is its severity', () => {
    expect(ofPlace({ severity: 'SEVERITY_NORMAL', cameras: 2, camerasWithoutData: 1 })).toBe('ok');
    expect(ofPlace({ severity: 'SEVERITY_NORMAL', cameras: 1, countersDue: 3, countersUnknown: 1 })).toBe('ok');
    expect(ofPlace({ severity: 'SEVERITY_CRITICAL', cameras: 1, camerasWithoutData: 1 })).toBe('crit');
  });
});
