/**
 * Asks again and again: one call at a time, `every` milliseconds apart, slower after failures (doubling up to `slowest`),
 * not at all while the tab is hidden, at once when it is seen again.
 */
export interface Poll {
  every: number;
  slowest?: number;
  /** Whether there is anybody to ask for; asked before each call. */
  wanted?: () => boolean;
}

export function pollDelay(every: number, failures: number, slowest: number): number {
  return Math.min(slowest, every * 2 ** Math.min(failures, 10));
}

/** Begins; the function returned ends it. `ask` gets a signal that is aborted at the end. */
export function poll(
  ask: (signal: AbortSignal) => Promise<void>,
  { every, slowest = 30_000, wanted }: Poll,
): () => void {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let busy = false;

  async function turn() {
    clearTimeout(timer);
    if (busy || end.signal.aborted) return;
    if (!document.hidden && (wanted?.() ?? true)) {
      busy = true;
      try {
        await ask(end.signal);
        failures = 0;
      } catch {
        failures++; // whoever asks shows the failure; the poll only slows down
      }
      busy = false;
    }
    if (!end.signal.aborted) timer = setTimeout(turn, pollDelay(every, failures, slowest));
  }
  const seen = () => {
    if (!document.hidden) void turn();
  };
  document.addEventListener('visibilitychange', seen);
  // Not in this very call: an effect that begins a poll must not depend on what the first question reads.
  timer = setTimeout(turn);

  return () => {
    end.abort();
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
