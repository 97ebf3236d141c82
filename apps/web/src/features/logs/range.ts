/** RFC 3339 in UTC, or nothing. */
export type LogRange = { since: string | undefined; until: string | undefined };

/** What stands in the address, if it is a time. */
export function timeParam(text: string): string | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** As an input of date and time wants it: local, to the second. */
export function localInput(iso: string | undefined): string {
  if (!iso) return '';
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
