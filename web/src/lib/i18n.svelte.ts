/** The language of the page: Vietnamese unless the reader chose English. `t.key` is reactive. */
import { vi, type Words } from '../words/vi';
import { en } from '../words/en';
import type { Lang } from './format';
import { keep, recall } from './keep';

export const catalogues: Record<Lang, Words> = { vi, en };

let lang = $state<Lang>(recall('lang') === 'en' ? 'en' : 'vi');

export const i18n = {
  get lang() {
    return lang;
  },
  set lang(value: Lang) {
    lang = value;
    keep('lang', value);
  },
};

export const t: Words = new Proxy({} as Words, {
  get: (_, key) => catalogues[lang][key as keyof Words],
});
