/** `Firefox on Linux`: enough to know a session again. Null when it is no browser we know. */
export function browserOf(userAgent: string): string | null {
  const browser = [
    ['Edge', /Edg(?:A|iOS)?\//],
    ['Opera', /OPR\//],
    ['Firefox', /(?:Firefox|FxiOS)\//],
    ['Chrome', /(?:Chrome|CriOS|Chromium)\//],
    ['Safari', /Safari\//],
  ] as const;
  const system = [
    ['Android', /Android/],
    ['iPhone', /iPhone/],
    ['iPad', /iPad/],
    ['Windows', /Windows/],
    ['macOS', /Mac OS X|Macintosh/],
    ['ChromeOS', /CrOS/],
    ['Linux', /Linux/],
  ] as const;
  const name = browser.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const place = system.find(([, pattern]) => pattern.test(userAgent))?.[0];
  if (!name) return null;
  return place ? `${name} on ${place}` : name;
}
