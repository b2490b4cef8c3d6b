/**
 * What is watched and how it stands: places, cameras, the newest figures, events. One store, filled while somebody is signed
 * in; pages only read it.
 */
import {
  api,
  ApiError,
  ask,
  watch,
  type Camera,
  type CameraLive,
  type Counter,
  type Event,
  type Overview,
  type Place,
  type Site,
  type WatchEventsResponse,
} from '../api/client';
import { attention, emptyList, release, take, type EventList } from './events';
import { DEFAULT_ZONE } from './format';
import { poll } from './poll';
import { guarded } from './session.svelte';

let overview = $state.raw<Overview>();
let cameras = $state.raw<Camera[]>([]);
let sites = $state.raw<Site[]>([]);
let live = $state.raw<Record<string, CameraLive>>({});
let list = $state.raw<EventList>(emptyList);
let listed = $state(false);
let cursor = '';
let older = $state('');
let held = $state(false);

export const scene = {
  get overview() {
    return overview;
  },
  get cameras() {
    return cameras;
  },
  get events() {
    return list;
  },
  /** Whether the list of events has come, so that an empty one means that there are none. */
  get listed() {
    return listed;
  },
  get hasOlder() {
    return older !== '';
  },
  live: (camera: string | undefined): CameraLive | undefined => live[camera ?? ''],
  attention: () => attention(list),
  place: (name: string | undefined): Place | undefined => overview?.places?.find((p) => p.name === name),
  zone: (site: string | undefined) => sites.find((s) => s.name === site)?.timeZone || DEFAULT_ZONE,
  counter: (site: string | undefined, id: string | undefined): Counter | undefined =>
    cameras.flatMap((c) => c.counters ?? []).find((c) => c.name === `${site}/counters/${id}`),
};

/** While the list is held it does not move. */
export function hold(on: boolean): void {
  held = on;
  if (!on) list = release(list);
}

export const showFresh = () => (list = release(list));

async function readOverview(signal: AbortSignal) {
  const [o, l] = await Promise.all([
    guarded(() => ask(api.GET('/api/v1/overview', { signal }))),
    guarded(() => ask(api.GET('/api/v1/live', { signal }))),
  ]);
  overview = o;
  live = Object.fromEntries((l.cameras ?? []).map((c) => [c.camera, c]));
}

async function readDirectory(signal: AbortSignal) {
  const most = { params: { query: { pageSize: 1000 } }, signal };
  const [c, s] = await Promise.all([
    guarded(() => ask(api.GET('/api/v1/cameras', most))),
    guarded(() => ask(api.GET('/api/v1/sites', most))),
  ]);
  cameras = c.cameras ?? [];
  sites = s.sites ?? [];
}

/** The newest page and everything open, then every change from there on. */
async function followEvents(signal: AbortSignal) {
  if (!cursor) {
    const [open, newest] = await Promise.all([
      guarded(() =>
        ask(api.GET('/api/v1/events', { params: { query: { filter: 'open = true', pageSize: 1000 } }, signal })),
      ),
      guarded(() => ask(api.GET('/api/v1/events', { params: { query: { pageSize: 50 } }, signal }))),
    ]);
    list = take(list, [...(open.events ?? []), ...(newest.events ?? [])], held);
    older = newest.nextPageToken ?? '';
    cursor = open.cursor ?? '';
    listed = true;
  }
  // A hidden tab holds no connection; it goes on from its cursor when it is seen again.
  const end = new AbortController();
  const hidden = () => document.hidden && end.abort();
  document.addEventListener('visibilitychange', hidden);
  try {
    await guarded(() =>
      watch<WatchEventsResponse>(
        `/api/v1/events:watch?cursor=${encodeURIComponent(cursor)}`,
        AbortSignal.any([signal, end.signal]),
        (m) => {
          cursor = m.cursor || cursor;
          if (m.event) list = take(list, [m.event], held);
        },
      ),
    );
  } catch (e) {
    if (e instanceof ApiError && e.trouble === 'refused') cursor = ''; // a cursor of another life of the centre: list anew
    throw e;
  } finally {
    document.removeEventListener('visibilitychange', hidden);
  }
}

export async function readOlder(): Promise<void> {
  const page = await guarded(() =>
    ask(api.GET('/api/v1/events', { params: { query: { pageSize: 50, pageToken: older } } })),
  );
  older = page.nextPageToken ?? '';
  list = release(take(list, page.events ?? [], false));
}

/** Fills the store until the function returned is called. */
export function follow(): () => void {
  const ends = [
    poll(readOverview, { every: 2000 }),
    poll(readDirectory, { every: 60_000 }),
    poll(followEvents, { every: 1000 }),
  ];
  return () => {
    for (const end of ends) end();
    [overview, cameras, sites, live, list, listed, cursor, older] = [undefined, [], [], {}, emptyList, false, '', ''];
  };
}

/** An event of the list, or undefined. */
export const eventNamed = (name: string): Event | undefined =>
  [...list.shown, ...list.waiting].find((e) => e.name === name);
