/** What a test of a camera found, made ready for reading: facts in the reader's words, findings with what to do. */
import type { CameraTrial } from '../api/client';
import type { Words } from '../words/vi';
import { number, type Lang } from './format';

/** How long a test may take, s: the bar on the page stands still shortly before. */
export const TRIAL_SECONDS = 10;

/** The share of the bar after so many seconds: it never says that it is done. */
export const progress = (seconds: number) => Math.min(seconds / TRIAL_SECONDS, 0.95);

/** Seconds of a duration such as "1.5s"; undefined for none. */
export function secondsOf(duration: string | undefined): number | undefined {
  const n = duration?.endsWith('s') ? Number(duration.slice(0, -1)) : NaN;
  return Number.isFinite(n) ? n : undefined;
}

/** The facts, in order; none when no picture came. */
export function facts(trial: CameraTrial, words: Words['trial'], lang: Lang): [name: string, value: string][] {
  const s = trial.stream;
  if (!s || !trial.pictures) return [];
  const seconds = (d: string | undefined) => {
    const n = secondsOf(d);
    return n === undefined ? words.unknown : `${number(n, lang, 2)} s`;
  };
  const codec = (s.codec ?? '').toUpperCase();
  const f = words.facts;
  const coded: [string, string][] =
    s.codec === 'mjpeg'
      ? []
      : [
          [f.gop, seconds(s.gop)],
          [f.bFrames, s.bFrames ? words.yes : words.no],
        ];
  return [
    [f.codec, trial.profile ? `${codec} (${trial.profile})` : codec],
    [f.size, s.width ? `${s.width}x${s.height}` : words.unknown],
    [f.rate, number(s.fps, lang, 1)],
    [f.bits, `${number((s.bitRate ?? 0) / 1e6, lang, 2)} Mbit/s`],
    ...coded,
    [f.transport, s.transport ?? words.unknown],
    [f.skew, seconds(s.clockSkew)],
    [f.first, seconds(trial.firstPicture)],
    [f.lost, number(Number(s.packetsLost ?? 0), lang)],
  ];
}

export interface Said {
  weight: keyof Words['trial']['weight'];
  /** In the reader's language; the English text where there is no translation. */
  text: string;
  /** What the node said, in English and with its numbers; empty when it is the text. */
  beside: string;
}

/** The findings in the reader's language, with the node's own words beside. */
export function findings(trial: CameraTrial, words: Words['trial']): Said[] {
  return (trial.findings ?? []).map((f) => {
    const english = [f.text, f.advice].filter(Boolean).join(' ');
    const text = (words.finding as Record<string, string>)[f.code ?? ''];
    return { weight: f.weight ?? 'WEIGHT_UNSPECIFIED', text: text ?? english, beside: text ? english : '' };
  });
}
