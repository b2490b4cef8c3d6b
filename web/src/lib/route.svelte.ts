/** Where the page is. Plain links work; no router is needed. */
import { parseRoute, type Route } from './route';

let url = $state(new URL(location.href));
addEventListener('popstate', () => (url = new URL(location.href)));

export const place = {
  get route(): Route {
    return parseRoute(url.pathname);
  },
  get query(): URLSearchParams {
    return url.searchParams;
  },
};

/** Goes to a view of this page; with `replace` the present one is forgotten (one-time tokens must not stay in the history). */
export function go(to: string, replace = false): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  url = new URL(location.href);
}

/** Changes one choice of the view; an empty value removes it. */
export function choose(key: string, value: string): void {
  const to = new URL(url);
  if (value) to.searchParams.set(key, value);
  else to.searchParams.delete(key);
  go(to.pathname + to.search);
}

/** Turns clicks on links of this page into `go`; those with a modifier, a target or another origin stay the browser's. */
export function onLink(e: MouseEvent): void {
  const a = e.target instanceof Element ? e.target.closest('a') : null;
  if (!a?.href || a.target || a.hasAttribute('download') || e.defaultPrevented) return;
  if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  const to = new URL(a.href);
  if (to.origin !== location.origin || to.pathname.startsWith('/api/') || to.hash) return;
  e.preventDefault();
  const other = to.pathname !== location.pathname;
  go(to.pathname + to.search);
  if (!other) return;
  scrollTo(0, 0);
  document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
}
