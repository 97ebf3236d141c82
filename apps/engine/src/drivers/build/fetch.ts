import { createHash } from 'node:crypto';
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { createWriteStream } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '#core/errors.ts';

/**
 * Downloads for ADD and remote contexts. The address is a stranger's: only http
 * and https, also behind redirects; no address of this machine or of a private
 * network, checked on what is connected to, so that no name can change its mind
 * in between; bounded in time and size.
 */
const REDIRECTS = 10;
const IDLE_MS = 60_000;
const TOTAL_MS = 30 * 60_000;
const MAX_SIZE = 8 * 1024 ** 3;
const HEADER_MS = 30_000;

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 96],
  // Addresses that hold an IPv4 address, which nobody needs for a download.
  ['64:ff9b::', 96],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  // `::ffff:10.0.0.1` is looked up among the IPv4 addresses by BlockList itself.
  return PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

const refused = (host: string): EngineError =>
  new EngineError('forbidden', `${host} is an address of this machine or of a private network: not fetched`);

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, '', 0);
    if (addresses.some(({ address }) => isPrivateAddress(address))) return callback(refused(hostname), '', 0);
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first?.address ?? '', first?.family ?? 0);
  });
};

export type Download = { name: string; digest: string; contentType: string };
export type Fetch = (url: string, file: string, options: { signal: AbortSignal }) => Promise<Download>;

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new EngineError('invalid_argument', `invalid URL ${JSON.stringify(text.slice(0, 300))}`, { cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new EngineError('invalid_argument', `unsupported URL scheme ${url.protocol.slice(0, 20)}//`);
  }
  return url;
}

/** Without user, password and query, which may be secrets. */
const shown = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`.slice(0, 300);

function request(url: URL, allowPrivate: boolean, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) !== 0 && isPrivateAddress(host)) throw refused(host);
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? httpsGet : httpGet;
    const outgoing = get(
      url,
      { signal, agent: false, timeout: HEADER_MS, ...(!allowPrivate && { lookup: guardedLookup }) },
      resolve,
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
    outgoing.on('error', (error) => {
      if (error instanceof EngineError) return reject(error);
      const reason = (error as NodeJS.ErrnoException).code ?? error.message;
      reject(new EngineError('unavailable', `failed to GET ${shown(url)}: ${reason}`, { cause: error }));
    });
  });
}

async function open(text: string, allowPrivate: boolean, signal: AbortSignal) {
  let url = parseUrl(text);
  for (let count = 0; count <= REDIRECTS; count += 1) {
    const response = await request(url, allowPrivate, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode > 399 || !headers.location) return { url, response };
    response.destroy();
    const next = parseUrl(new URL(headers.location, url).href);
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new EngineError('forbidden', `${shown(url)} leads from https to http: not followed`);
    }
    url = next;
  }
  throw new EngineError('invalid_argument', `${text.slice(0, 300)}: more than ${REDIRECTS} redirects`);
}

/** The name a file gets: the last part of the address it was asked for. */
function nameOf(text: string): string {
  const last = parseUrl(text).pathname.split('/').at(-1) ?? '';
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // Not an encoding: the name is what it is.
  }
  return name.includes('/') || name.includes('\0') || name === '.' || name === '..' ? '' : name;
}

export function createFetch(options: { allowPrivate: boolean }): Fetch {
  return async (text, file, { signal }) => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TOTAL_MS)]);
    const { url, response } = await open(text, options.allowPrivate, limited);
    const status = `${response.statusCode} ${response.statusMessage ?? ''}`.trim();
    if (response.statusCode !== 200) {
      response.destroy();
      throw new EngineError('invalid_argument', `failed to GET ${shown(url)} with status ${status}`);
    }
    response.setTimeout(IDLE_MS, () => response.destroy(new Error('no data for a minute')));
    const hash = createHash('sha256');
    let size = 0;
    try {
      await pipeline(
        response,
        async function* (source) {
          for await (const chunk of source as AsyncIterable<Buffer>) {
            size += chunk.length;
            if (size > MAX_SIZE) throw new EngineError('too_large', `${shown(url)} is larger than ${MAX_SIZE} bytes`);
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(file, { flags: 'wx', mode: 0o600 }),
        { signal: limited },
      );
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      throw new EngineError('unavailable', `failed to GET ${shown(url)}: ${reason}`, { cause: error });
    }
    const modified = Date.parse(response.headers['last-modified'] ?? '');
    const time = Number.isFinite(modified) && modified > 0 ? modified / 1000 : 0;
    await utimes(file, time, time);
    return { name: nameOf(text), digest: hash.digest('hex'), contentType: response.headers['content-type'] ?? '' };
  };
}
