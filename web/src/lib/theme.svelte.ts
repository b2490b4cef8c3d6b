/** Light, dark, or whatever the system says; the style sheet reads `data-theme` of the root element. */
import { keep, recall } from './keep';

export type Theme = 'system' | 'light' | 'dark';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const stored = recall('theme');

let theme = $state<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

function show() {
  document.documentElement.dataset['theme'] = theme;
}
show();

const system = matchMedia('(prefers-color-scheme: dark)');
let systemDark = $state(system.matches);
system.addEventListener('change', (e) => (systemDark = e.matches));

export const look = {
  get theme() {
    return theme;
  },
  /** Canvas drawings need to know: CSS cannot reach them. */
  get dark() {
    return theme === 'dark' || (theme === 'system' && systemDark);
  },
  cycle() {
    theme = next[theme];
    keep('theme', theme);
    show();
  },
};
