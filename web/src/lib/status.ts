/** Which of the four states a thing is in. What is not seen is never "ok". */
import type { CameraLive, LiveCounter, PlaceStatus } from '../api/client';

export type Status = 'ok' | 'warn' | 'crit' | 'none';

const bySeverity: Record<string, Status> = {
  SEVERITY_NORMAL: 'ok',
  SEVERITY_ATTENTION: 'warn',
  SEVERITY_CRITICAL: 'crit',
};

export const ofSeverity = (severity: string | undefined): Status => bySeverity[severity ?? ''] ?? 'none';

/** A place of which nothing is known (no camera tells anything, no counter that is due is seen) is not good but "none". */
export function ofPlace(status: PlaceStatus | undefined): Status {
  const { cameras = 0, camerasWithoutData = 0, countersDue = 0, countersUnknown = 0 } = status ?? {};
  const blind = camerasWithoutData >= cameras || (countersDue > 0 && countersUnknown >= countersDue);
  const worst = ofSeverity(status?.severity);
  return worst === 'ok' && blind ? 'none' : worst;
}

const byStaffing: Record<string, Status> = { STAFFING_STAFFED: 'ok', STAFFING_GRACE: 'warn', STAFFING_ABSENT: 'crit' };

export const ofCounter = (counter: LiveCounter): Status => byStaffing[counter.staffing ?? ''] ?? 'none';

const order: Status[] = ['ok', 'none', 'warn', 'crit'];

/** The worst of what a camera shows; "none" while it shows nothing. */
export function ofCamera(live: CameraLive | undefined, fresh: boolean): Status {
  if (!live || !fresh || live.state !== 'CAMERA_STATE_LIVE') return 'none';
  const counters = live.counters ?? [];
  if (counters.length > 0 && counters.every((c) => c.staffing === 'STAFFING_UNKNOWN')) return 'none';
  return counters
    .map(ofCounter)
    .reduce<Status>((worst, s) => (s !== 'none' && order.indexOf(s) > order.indexOf(worst) ? s : worst), 'ok');
}
