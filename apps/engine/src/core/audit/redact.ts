/**
 * What may not reach an audit row, a log line or an error: passwords, tokens,
 * keys, values of environment variables, user names and passwords in URLs.
 */
export const REDACTED = '[redacted]';

const SECRET_NAME =
  /pass(?:word|wd|phrase)?|secret|token|credential|authorization|cookie|x-registry-|(?:api|private|access|secret|signing|encryption)[-_]?key|^(?:key|auth|identitytoken)$/i;
const ENV_NAME = /^env(?:ironment)?$|^buildargs?$/i;
const SECRET_FLAG = /^--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key)[\w-]*$/i;
/** Facts are short; a value longer than this is not one. */
const MAX_TEXT = 2048;
const MAX_ITEMS = 256;
const MAX_DEPTH = 8;

/** Longer text is cut before it is searched: the patterns below must not cost a hostile client's megabytes. */
const MAX_SEARCHED = 8192;
const WORD = '(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key)';
/** A value: quoted, or up to what ends one. */
const VALUE = `("[^"]*"|'[^']*'|[^\\s,;&}]+)`;
/** NAME_WITH_SECRET=value, --password=value, "token": "value" */
const ASSIGNMENT = new RegExp(`(?<![\\w-])([\\w-]{0,64}?${WORD}[\\w-]{0,64}["']?\\s{0,8}[=:]\\s{0,8})${VALUE}`, 'gi');
/** --password value */
const FLAG = new RegExp(`(?<![\\w-])(--?[\\w-]{0,64}?${WORD}[\\w-]{0,64}\\s{1,8})(?!-)${VALUE}`, 'gi');
/** user:password@ and user@ in any URL */
const USERINFO = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#@]{1,1024}@/gi;
/** What is left of one when the text was cut in its middle. */
const CUT_USERINFO = /:\/\/[^\s/?#@]*$/;

export function redactText(text: string): string {
  const searched =
    text.length > MAX_SEARCHED ? text.slice(0, MAX_SEARCHED).replace(CUT_USERINFO, `://${REDACTED}`) : text;
  const clean = searched
    .replace(USERINFO, `$1${REDACTED}@`)
    .replace(/\b(Bearer|Basic)\s{1,8}[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${REDACTED}`)
    .replace(/\bgantry_[A-Za-z0-9_-]{20,}/g, REDACTED)
    .replace(ASSIGNMENT, `$1${REDACTED}`)
    .replace(FLAG, `$1${REDACTED}`);
  return searched === text ? clean : `${clean}…`;
}

/** A copy without secrets, bounded in depth, items and text. Names of environment variables stay, their values go. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return clip(redactText(value));
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '[…]';
  if (Array.isArray(value)) return redactList(value, depth);
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value).slice(0, MAX_ITEMS)) {
    // defineProperty: `__proto__` is a name like any other.
    Object.defineProperty(copy, clip(name), { value: redactField(name, item, depth), enumerable: true });
  }
  return copy;
}

function redactField(name: string, item: unknown, depth: number): unknown {
  if (ENV_NAME.test(name)) return redactEnvironment(item);
  const secret = SECRET_NAME.test(name) && item !== null && item !== '' && typeof item !== 'boolean';
  return secret ? REDACTED : redact(item, depth + 1);
}

function redactList(list: readonly unknown[], depth: number): unknown[] {
  const kept = list.slice(0, MAX_ITEMS);
  // A command: what follows `--password` is one.
  return kept.map((item, index) => {
    const before = kept[index - 1];
    return typeof before === 'string' && SECRET_FLAG.test(before) ? REDACTED : redact(item, depth + 1);
  });
}

function redactEnvironment(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).map((entry) => `${clip(String(entry).split('=', 1)[0] ?? '')}=${REDACTED}`);
  }
  if (value !== null && typeof value === 'object') {
    return Object.keys(value)
      .slice(0, MAX_ITEMS)
      .map((name) => `${clip(name)}=${REDACTED}`);
  }
  return value === undefined || value === null ? value : REDACTED;
}

const clip = (text: string) => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`);
