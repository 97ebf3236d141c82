/**
 * Names of images, by the grammar of the distribution project:
 * `[domain[:port]/]path[:tag][@digest]`. The normal form is always complete
 * (`docker.io/library/redis:latest`); the familiar form is what people type.
 */
export type Reference = {
  /** `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Path without the domain: `library/redis`. */
  readonly path: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
};

export class InvalidReference extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidReference';
  }
}

const DEFAULT_DOMAIN = 'docker.io';
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DOMAIN_COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const TAG = '[\\w][\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const FULL = new RegExp(`^(${DOMAIN})/(${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const TAG_ONLY = new RegExp(`^${TAG}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;
/** Of domain and path together; the grammar's limit. */
const NAME_LIMIT = 255;

/**
 * Reads what a person typed. Throws InvalidReference in Docker's words
 * (`invalid reference format`, with `: repository name (x) must be lowercase` when that is why).
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw new InvalidReference(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const path = remainder.split(/[:@]/, 1)[0] ?? '';
  if (path !== path.toLowerCase()) {
    throw new InvalidReference(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  // Longer than any valid reference: not worth a regular expression.
  const match = text.length > 1024 ? null : FULL.exec(`${domain}/${remainder}`);
  if (!match) throw new InvalidReference('invalid reference format');
  const [, host = '', name = '', tag, digest] = match;
  if (host.length + 1 + name.length > NAME_LIMIT) {
    throw new InvalidReference('repository name must not be more than 255 characters');
  }
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new InvalidReference(
      digest.startsWith('sha256:') ? 'invalid checksum digest length' : 'invalid reference format',
    );
  }
  return { domain: host, path: name, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const isDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  let domain = isDomain ? first : DEFAULT_DOMAIN;
  let remainder = isDomain ? text.slice(slash + 1) : text;
  if (domain === 'index.docker.io') domain = DEFAULT_DOMAIN;
  if (domain === DEFAULT_DOMAIN && !remainder.includes('/')) remainder = `library/${remainder}`;
  return { domain, remainder };
}

export const isTag = (text: string): boolean => TAG_ONLY.test(text);

/** Adds `latest` when there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** `docker.io/library/redis`: the repository in full. */
export const repositoryOf = (reference: Reference): string => `${reference.domain}/${reference.path}`;

/** The full form, with tag and digest as they are. */
export function formatReference(reference: Reference): string {
  return repositoryOf(reference) + suffix(reference);
}

/** The form people type: without `docker.io/` and `library/`. */
export function familiarReference(reference: Reference): string {
  return familiarRepository(reference) + suffix(reference);
}

export function familiarRepository(reference: Pick<Reference, 'domain' | 'path'>): string {
  if (reference.domain !== DEFAULT_DOMAIN) return `${reference.domain}/${reference.path}`;
  const short = reference.path.replace(/^library\//, '');
  return short.includes('/') && short !== reference.path ? reference.path : short;
}

/** From a stored full name (`docker.io/library/redis:latest`, `…@sha256:…`) to the familiar one. */
export function familiarName(full: string): string {
  return familiarReference(parseReference(full));
}

function suffix(reference: Reference): string {
  return (
    (reference.tag === undefined ? '' : `:${reference.tag}`) +
    (reference.digest === undefined ? '' : `@${reference.digest}`)
  );
}
