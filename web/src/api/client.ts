/**
 * The centre's API as the page sees it: typed calls, one kind of error, the centre's clock, and lines of a stream.
 * The session is an HttpOnly cookie that scripts never see.
 */
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

type Schemas = components['schemas'];
export type Budget = Schemas['counterwatch.v1.Budget'];
export type Camera = Schemas['counterwatch.v1.Camera'];
export type CameraLive = Schemas['counterwatch.v1.CameraLive'];
export type CameraState = Schemas['counterwatch.v1.CameraState'];
export type CameraTrial = Schemas['counterwatch.v1.CameraTrial'];
export type Counter = Schemas['counterwatch.v1.Counter'];
export type DayFigures = Schemas['counterwatch.v1.DayFigures'];
export type Estimate = Schemas['counterwatch.v1.Estimate'];
export type Event = Schemas['counterwatch.v1.Event'];
export type LiveCounter = Schemas['counterwatch.v1.LiveCounter'];
export type LiveZone = Schemas['counterwatch.v1.LiveZone'];
export type Node = Schemas['counterwatch.v1.Node'];
export type Overview = Schemas['counterwatch.v1.Overview'];
export type Place = Schemas['counterwatch.v1.Place'];
export type PlaceStatus = Schemas['counterwatch.v1.PlaceStatus'];
export type SeriesPoint = Schemas['counterwatch.v1.SeriesPoint'];
export type Site = Schemas['counterwatch.v1.Site'];
export type Snapshot = Schemas['counterwatch.v1.Snapshot'];
export type Tile = Schemas['counterwatch.v1.Tile'];
export type User = Schemas['counterwatch.v1.User'];
export type WatchEventsResponse = Schemas['counterwatch.v1.WatchEventsResponse'];
export type Zone = Schemas['counterwatch.v1.Zone'];

export const api = createClient<paths>();

/** What went wrong, in terms the page can act on. */
export type Trouble = 'offline' | 'failed' | 'signed-out' | 'missing' | 'limited' | 'refused';

export class ApiError extends Error {
  constructor(
    readonly trouble: Trouble,
    message: string,
  ) {
    super(message);
  }
}

export function troubleOf(status: number): Trouble {
  if (status === 401) return 'signed-out';
  if (status === 404) return 'missing';
  if (status === 429) return 'limited';
  return status >= 500 ? 'failed' : 'refused';
}

/** The difference between the centre's clock and the browser's, ms. Ages on the page are by the centre's clock. */
let skew = 0;
export const centreNow = () => Date.now() + skew;

function noteClock(response: Response) {
  const at = Date.parse(response.headers.get('Date') ?? '');
  // The header counts whole seconds: smaller differences are not known.
  if (Number.isFinite(at)) skew = Math.abs(at + 500 - Date.now()) < 1500 ? 0 : at + 500 - Date.now();
}

/** The answer of a call, or an ApiError. */
export async function ask<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call.catch((e: unknown) => {
    throw new ApiError('offline', String(e));
  });
  noteClock(response);
  if (response.ok && data !== undefined) return data;
  const message = (error as { message?: string } | undefined)?.message;
  throw new ApiError(troubleOf(response.status), message ?? response.statusText);
}

/** Splits what a stream has sent so far into its whole lines and the rest. */
export function lines(text: string): [whole: string[], rest: string] {
  const parts = text.split('\n');
  const rest = parts.pop() ?? '';
  return [parts.filter((line) => line.trim() !== ''), rest];
}

/**
 * Reads a stream of JSON lines, each {"result": ...} or {"error": ...}, until it ends. A signal ends it without an error.
 */
export async function watch<T>(path: string, signal: AbortSignal, take: (message: T) => void): Promise<void> {
  try {
    const response = await fetch(path, { signal });
    noteClock(response);
    if (!response.ok || !response.body) throw new ApiError(troubleOf(response.status), response.statusText);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      let whole: string[];
      [whole, rest] = lines(rest + value);
      for (const line of whole) {
        const message = JSON.parse(line) as { result?: T; error?: { message?: string } };
        if (message.error) throw new ApiError('failed', message.error.message ?? '');
        if (message.result) take(message.result);
      }
    }
  } catch (e) {
    if (signal.aborted) return;
    throw e instanceof ApiError ? e : new ApiError('offline', String(e));
  }
}

/** "cameras/hall" -> "hall"; the last part of a resource name. */
export const idOf = (name: string | undefined) => name?.slice(name.lastIndexOf('/') + 1) ?? '';

/** An RFC 3339 time in ms, or undefined. */
export function ms(time: string | undefined): number | undefined {
  const at = time ? Date.parse(time) : NaN;
  return Number.isFinite(at) ? at : undefined;
}
