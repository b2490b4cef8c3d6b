/**
 * How a node and a camera are, in terms the page can show: what is wrong first. Pure functions over what the centre tells.
 */
import type { Budget, Camera, CameraLive, Node } from '../api/client';
import type { Status } from './status';

/** The keys of the words for a camera's problem, most urgent first. */
export const problems = [
  'refused',
  'unsupported',
  'offline',
  'stalled',
  'unknown',
  'connecting',
  'shed',
  'skew',
  'failing',
  'sub',
] as const;
export type Problem = (typeof problems)[number];

const byState: Record<string, Problem | undefined> = {
  CAMERA_STATE_LIVE: undefined,
  CAMERA_STATE_CONNECTING: 'connecting',
  CAMERA_STATE_STALLED: 'stalled',
  CAMERA_STATE_OFFLINE: 'offline',
  CAMERA_STATE_REFUSED: 'refused',
  CAMERA_STATE_UNSUPPORTED: 'unsupported',
};

/** A camera's clock that is further off than this misleads whoever reads the time in its picture. */
export const SKEW_LIMIT = 2; // s

/** Pictures that fail, of those that came. */
const FAILING_SHARE = 0.01;

/** A protobuf duration, "2.5s", in seconds; undefined when there is none. */
export function seconds(duration: string | undefined): number | undefined {
  const s = duration?.endsWith('s') ? Number(duration.slice(0, -1)) : NaN;
  return Number.isFinite(s) ? s : undefined;
}

/** Counts come as strings, because they may exceed what a number holds exactly. */
export const count = (n: string | undefined) => Number(n ?? 0);

/** What is wrong with a camera; empty when nothing is. */
export function problemsOf(live: CameraLive | undefined): Problem[] {
  const state = live?.state ?? '';
  if (!(state in byState)) return ['unknown'];
  const first = byState[state];
  if (first) return [first];
  const found: Problem[] = [];
  if (live?.mode === 'DECODE_MODE_SHED') found.push('shed');
  if (Math.abs(seconds(live?.stream?.clockSkew) ?? 0) > SKEW_LIMIT) found.push('skew');
  const { received, failed, damaged } = live?.counts ?? {};
  if (count(failed) + count(damaged) > FAILING_SHARE * Math.max(count(received), 100)) found.push('failing');
  if (live?.stream?.source === 'sub') found.push('sub');
  return found;
}

/** A camera that shows nothing is critical here, however good the reason; a flaw of one that does is for attention. */
export function statusOf(found: readonly Problem[]): Status {
  const worst = Math.min(...found.map((p) => problems.indexOf(p)));
  if (worst === Infinity) return 'ok';
  if (found.includes('unknown')) return 'none';
  return worst < problems.indexOf('unknown') ? 'crit' : 'warn';
}

export interface Row {
  camera: Camera;
  live: CameraLive | undefined;
  found: Problem[];
  status: Status;
}

/** The cameras, those with the worst problems first, then by name. */
export function rows(cameras: readonly Camera[], live: (name: string | undefined) => CameraLive | undefined): Row[] {
  const rank = (r: Row) => (r.found.length > 0 ? Math.min(...r.found.map((p) => problems.indexOf(p))) : Infinity);
  return cameras
    .map((camera) => {
      const found = problemsOf(live(camera.name));
      return { camera, live: live(camera.name), found, status: statusOf(found) };
    })
    .sort(
      (a, b) =>
        (rank(a) === rank(b) ? 0 : rank(a) - rank(b)) ||
        (a.camera.displayName ?? '').localeCompare(b.camera.displayName ?? '') ||
        (a.camera.name ?? '').localeCompare(b.camera.name ?? ''),
    );
}

/** How full a resource is, 0..1; undefined where there is no limit. */
export const fullness = (b: Budget): number | undefined =>
  (b.limit ?? 0) > 0 ? Math.max(0, (b.used ?? 0) / (b.limit ?? 1)) : undefined;

/** A processor may be used in full; of what fills up for good 80 % is for attention. Whatever is left out is. */
export function statusOfBudget(b: Budget): Status {
  if (b.shed) return 'warn';
  const share = fullness(b) ?? 0;
  if (b.resource === 'memory' || b.resource === 'disk') return share > 1 ? 'crit' : share >= 0.8 ? 'warn' : 'ok';
  return 'ok';
}

const order: Status[] = ['ok', 'warn', 'crit'];

/** A node that is silent is critical: none of its cameras is seen. */
export function statusOfNode(n: Node): Status {
  if (!n.beatTime) return 'none';
  if (!n.online) return 'crit';
  return (n.budgets ?? []).map(statusOfBudget).reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'ok');
}
