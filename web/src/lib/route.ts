/** Every view is in the URL: a path names the page, the query its choices. */
export type Route =
  | { page: 'overview' }
  | { page: 'alerts'; event: string }
  | { page: 'system' }
  | { page: 'signin' }
  | { page: 'setup' }
  | { page: 'missing' };

export function parseRoute(path: string): Route {
  const [head = '', tail = '', ...rest] = path.split('/').filter(Boolean).map(decode);
  if (rest.length > 0 || (tail && head !== 'alerts')) return { page: 'missing' };
  switch (head) {
    case '':
      return { page: 'overview' };
    case 'alerts':
      return { page: 'alerts', event: tail };
    case 'system':
    case 'signin':
    case 'setup':
      return { page: head };
    default:
      return { page: 'missing' };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
