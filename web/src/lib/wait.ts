/** How a wait is said: the figure with its interval and its quality, or that there is none yet. */
import type { Estimate } from '../api/client';
import { ABSENT, duration, interval, type Lang } from './format';

export interface WaitWords {
  value: string; // "≈ 8,2 ph" when estimated, "–" when it cannot be published
  range: string; // "7,1–9,4 ph", empty when unknown
  known: boolean;
}

export function waitWords(e: Estimate | undefined, lang: Lang): WaitWords {
  const publishable = e?.quality === 'QUALITY_MEASURED' || e?.quality === 'QUALITY_ESTIMATED';
  if (!publishable || e.value === undefined) return { value: ABSENT, range: '', known: false };
  const value = duration(e.value, lang);
  const range = e.low === undefined || e.high === undefined ? '' : interval(e.low, e.high, lang);
  return { value: e.quality === 'QUALITY_ESTIMATED' ? `≈ ${value}` : value, range, known: true };
}
