/**
 * WWW-Authenticate, RFC 9110 11.6.1: schemes with parameters, several in one
 * header or several headers. Scheme and parameter names in lower case.
 */
export type Challenge = { scheme: string; parameters: ReadonlyMap<string, string> };

/** Longer headers are no challenge of a registry. */
const LIMIT = 8 * 1024;

export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  if (!header || header.length > LIMIT) return challenges;
  const token = /\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*(=)?\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))?/y;
  for (let at = 0; at < header.length; ) {
    token.lastIndex = at;
    const match = token.exec(header);
    if (!match) break;
    const [all, name = '', equals, quoted, plain] = match;
    if (equals) {
      const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1');
      challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
      at += all.length;
    } else {
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      // What looked like a value is the first parameter's name.
      at += all.indexOf(name) + name.length;
    }
  }
  return challenges;
}
