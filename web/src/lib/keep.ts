/** Small preferences that outlive the tab. A browser that refuses storage only forgets them. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`counterwatch.${key}`, value);
  } catch {
    // private mode: the choice lasts as long as the page
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`counterwatch.${key}`);
  } catch {
    return null;
  }
}
