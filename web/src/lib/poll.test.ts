import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { poll, pollDelay } from './poll';

describe('poll', () => {
  const tab = Object.assign(new EventTarget(), { hidden: false });
  const hide = (hidden: boolean) => {
    tab.hidden = hidden;
    tab.dispatchEvent(new Event('visibilitychange'));
  };
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', tab);
    tab.hidden = false;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('asks at once and then in steps', async () => {
    const ask = vi.fn(async () => undefined);
    const end = poll(ask, { every: 1000 });
    await vi.advanceTimersByTimeAsync(2500);
    expect(ask).toHaveBeenCalledTimes(3);
    end();
    await vi.advanceTimersByTimeAsync(5000);
    expect(ask).toHaveBeenCalledTimes(3);
  });

  it('slows down after failures and is quick again after a success', async () => {
    let broken = true;
    const ask = vi.fn(async () => {
      if (broken) throw new Error('no');
    });
    const end = poll(ask, { every: 1000, slowest: 4000 });
    await vi.advanceTimersByTimeAsync(10_000); // at 0, 2, 6, 10 s
    expect(ask).toHaveBeenCalledTimes(4);
    broken = false;
    await vi.advanceTimersByTimeAsync(6000); // at 14, 15, 16 s
    expect(ask).toHaveBeenCalledTimes(7);
    end();
  });

  it('rests while the tab is hidden and asks at once when it is seen', async () => {
    const ask = vi.fn(async () => undefined);
    const end = poll(ask, { every: 1000 });
    await vi.advanceTimersByTimeAsync(500);
    hide(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(1);
    hide(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(ask).toHaveBeenCalledTimes(2);
    end();
  });

  it('never asks twice at a time and tells the end by its signal', async () => {
    const signals: AbortSignal[] = [];
    const end = poll((signal) => (signals.push(signal), new Promise(() => undefined)), { every: 10 });
    await vi.advanceTimersByTimeAsync(1000);
    hide(false);
    expect(signals).toHaveLength(1);
    end();
    expect(signals[0]?.aborted).toBe(true);
  });

  it('asks nobody when nobody is wanted', async () => {
    const ask = vi.fn(async () => undefined);
    const end = poll(ask, { every: 1000, wanted: () => false });
    await vi.advanceTimersByTimeAsync(3000);
    expect(ask).not.toHaveBeenCalled();
    end();
  });

  it('has a longest delay', () => expect(pollDelay(1000, 99, 30_000)).toBe(30_000));
});
