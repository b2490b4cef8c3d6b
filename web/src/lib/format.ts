/**
 * Figures and times as a reader of Vietnamese or British English writes them: decimal comma or point, dd/mm/yyyy, 24 hours,
 * always in the site's own time zone. Pure functions; an absent value is an en dash, never a zero.
 */
export type Lang = 'vi' | 'en';

export const ABSENT = '–';
/** Between a figure and its unit: they are never parted by the end of a line. */
const NB = '\u00a0';
export const DEFAULT_ZONE = 'Asia/Ho_Chi_Minh';

const locale = (lang: Lang) => (lang === 'vi' ? 'vi-VN' : 'en-GB');

const known = (n: number | null | undefined): n is number => n !== null && n !== undefined && Number.isFinite(n);

export function number(n: number | null | undefined, lang: Lang, digits = 0): string {
  if (!known(n)) return ABSENT;
  return new Intl.NumberFormat(locale(lang), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    n,
  );
}

/** A share 0..1 in whole percent. A share just below one never reads as 100 %. */
export function percent(share: number | null | undefined, lang: Lang): string {
  if (!known(share)) return ABSENT;
  const whole = share >= 1 ? 100 : Math.min(99, Math.round(share * 100));
  return `${number(whole, lang)}${NB}%`;
}

const units = { vi: { s: 'giây', m: 'ph', h: 'giờ' }, en: { s: 's', m: 'min', h: 'h' } } as const;

/** A duration as a figure: "45 giây", "8,2 ph", "32 ph", "2 giờ 05". */
export function duration(seconds: number | null | undefined, lang: Lang): string {
  if (!known(seconds)) return ABSENT;
  const s = Math.max(0, seconds);
  const u = units[lang];
  if (Math.round(s) < 60) return `${number(s, lang)}${NB}${u.s}`;
  const minutes = s / 60;
  if (minutes < 9.95) return `${number(minutes, lang, 1)}${NB}${u.m}`;
  if (Math.round(minutes) < 60) return `${number(minutes, lang)}${NB}${u.m}`;
  const whole = Math.round(minutes);
  return `${Math.floor(whole / 60)}${NB}${u.h}${NB}${String(whole % 60).padStart(2, '0')}`;
}

/** The two ends of an interval in the unit of its larger one: "7,1–9,4 ph". */
export function interval(low: number | null | undefined, high: number | null | undefined, lang: Lang): string {
  if (!known(low) || !known(high)) return ABSENT;
  const u = units[lang];
  if (Math.round(high) < 60) return `${number(Math.max(0, low), lang)}–${number(high, lang)}${NB}${u.s}`;
  const digits = high < 20 * 60 ? 1 : 0;
  return `${number(Math.max(0, low) / 60, lang, digits)}–${number(high / 60, lang, digits)}${NB}${u.m}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(lang: Lang, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${lang} ${zone} ${JSON.stringify(options)}`;
  let f = formats.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat(locale(lang), { timeZone: zone, hourCycle: 'h23', ...options });
    formats.set(key, f);
  }
  return f;
}

const two = '2-digit' as const;

/** 09:41:20, or 09:41 without seconds. */
export function clock(at: number | null | undefined, lang: Lang, zone = DEFAULT_ZONE, seconds = true): string {
  if (!known(at)) return ABSENT;
  return format(lang, zone, { hour: two, minute: two, ...(seconds ? { second: two } : {}) }).format(at);
}

/** 21/11/2026, or 21/11 without the year. */
export function date(at: number | null | undefined, lang: Lang, zone = DEFAULT_ZONE, year = true): string {
  if (!known(at)) return ABSENT;
  const parts = format(lang, zone, { day: two, month: two, year: 'numeric' }).formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return `${part('day')}/${part('month')}${year ? `/${part('year')}` : ''}`;
}

/** 21/11/2026 09:41:20. */
export function dateTime(at: number | null | undefined, lang: Lang, zone = DEFAULT_ZONE): string {
  if (!known(at)) return ABSENT;
  return `${date(at, lang, zone)} ${clock(at, lang, zone)}`;
}

/** The first instant of the local day that holds `at`, in a zone whose offset does not change within that day. */
export function startOfDay(at: number, zone = DEFAULT_ZONE): number {
  const parts = format('en', zone, { hour: two, minute: two, second: two }).formatToParts(at);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value ?? 0);
  return Math.floor(at / 1000) * 1000 - ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000;
}

/** A size in the unit people know it by: "512 MiB", "1,5 GiB". */
export function bytes(n: number | null | undefined, lang: Lang): string {
  if (!known(n)) return ABSENT;
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(names.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(n, 1)) / 10)));
  const value = n / 1024 ** step;
  return `${number(value, lang, step > 1 && value < 10 ? 1 : 0)}${NB}${names[step]}`;
}

/** A bit rate: "850 kbit/s", "1,2 Mbit/s". */
export function bitRate(bits: number | null | undefined, lang: Lang): string {
  if (!known(bits)) return ABSENT;
  return bits < 1e6 ? `${number(bits / 1e3, lang)}${NB}kbit/s` : `${number(bits / 1e6, lang, 1)}${NB}Mbit/s`;
}
