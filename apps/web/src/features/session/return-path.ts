/** Where to go after signing in: a path of this site only, whatever the parameter says. */
export function returnPath(next: string | null): string {
  if (!next?.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/';
  const url = new URL(next, 'http://gantry.invalid');
  if (url.host !== 'gantry.invalid' || url.pathname.startsWith('/sign-in') || url.pathname.startsWith('/setup'))
    return '/';
  return `${url.pathname}${url.search}`;
}

export function signInHref(pathname: string, search: string): string {
  const here = `${pathname}${search}`;
  return here === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(here)}`;
}
