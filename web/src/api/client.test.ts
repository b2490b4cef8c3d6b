import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask, idOf, lines, ms, troubleOf, watch } from './client';

afterEach(() => vi.unstubAllGlobals());

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(c) {
      for (const chunk of chunks) c.enqueue(new TextEncoder().encode(chunk));
      c.close();
    },
  });

describe('a stream of JSON lines', () => {
  it('is cut at line ends only', () => {
    expect(lines('{"a":1}\n{"b"')).toEqual([['{"a":1}'], '{"b"']);
    expect(lines('\n\n')).toEqual([[], '']);
  });

  it('gives each message once, wherever the network cut it', async () => {
    vi.stubGlobal(
      'fetch',
      async () => new Response(streamOf('{"result":{"n":1}}\n{"res', 'ult":{"n":2}}\n', '{"result":{"n":3}}\n')),
    );
    const got: number[] = [];
    await watch<{ n: number }>('/x', new AbortController().signal, (m) => got.push(m.n));
    expect(got).toEqual([1, 2, 3]);
  });

  it('fails with the message that the centre sent', async () => {
    vi.stubGlobal('fetch', async () => new Response(streamOf('{"error":{"code":8,"message":"too slow"}}\n')));
    await expect(watch('/x', new AbortController().signal, () => undefined)).rejects.toMatchObject({
      trouble: 'failed',
      message: 'too slow',
    });
  });

  it('ends quietly when it is no longer wanted', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new DOMException('gone', 'AbortError')));
    await expect(watch('/x', AbortSignal.abort(), () => undefined)).resolves.toBeUndefined();
  });
});

describe('an answer', () => {
  const answer = (status: number, error?: unknown, data?: unknown) =>
    Promise.resolve({ data, error, response: new Response(null, { status }) });

  it('is its data', async () => expect(await ask(answer(200, undefined, { a: 1 }))).toEqual({ a: 1 }));

  it('or an error with the words of the centre', () =>
    expect(ask(answer(400, { message: 'page_size: -1 is negative' }))).rejects.toMatchObject({
      trouble: 'refused',
      message: 'page_size: -1 is negative',
    }));

  it('or says that the centre cannot be reached', () =>
    expect(ask(Promise.reject(new TypeError('Failed to fetch')))).rejects.toMatchObject({ trouble: 'offline' }));

  it.each([
    [401, 'signed-out'],
    [403, 'refused'],
    [404, 'missing'],
    [429, 'limited'],
    [503, 'failed'],
  ])('status %i is %s', (status, trouble) => expect(troubleOf(status)).toBe(trouble));
});

it('takes ids and times from what the centre sends', () => {
  expect([idOf('sites/a/counters/c1'), idOf('hall'), idOf(undefined)]).toEqual(['c1', 'hall', '']);
  expect([ms('2026-11-21T02:41:20Z'), ms('soon'), ms(undefined)]).toEqual([1795228880000, undefined, undefined]);
});
