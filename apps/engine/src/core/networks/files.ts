import { isIpv6, parseIpv4 } from '#lib/ipv4.ts';

/** `/etc/hosts` and `/etc/resolv.conf` of a container, by the rules of Docker. Pure. */

const STATIC_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
const CONTROL = /[\u0000-\u001f\u007f]/;

/** `name:address`; the address may be IPv6, so the first colon (or `=`) counts. */
function extraHostLines(extraHosts: readonly string[], gateway: string): string[] {
  return extraHosts.flatMap((entry) => {
    const at = entry.search(/[:=]/);
    if (at < 1 || CONTROL.test(entry)) return [];
    const name = entry.slice(0, at);
    const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
    const resolved = address === 'host-gateway' ? gateway : address;
    return resolved === '' ? [] : [`${resolved}\t${name}`];
  });
}

/** `a.example.org` → `a.example.org a`: the name alone is what most look for. */
const namesOfHost = (hostname: string): string =>
  hostname.includes('.') ? `${hostname} ${hostname.slice(0, hostname.indexOf('.'))}` : hostname;

export function hostsFile(request: {
  /** Of a container on the host's network: the host's own file. */
  base?: string;
  hostname: string;
  /** The container's addresses. */
  addresses: readonly string[];
  extraHosts: readonly string[];
  /** What `host-gateway` means. */
  gateway: string;
  links: readonly { address: string; names: string }[];
}): string {
  const own = request.hostname === '' || CONTROL.test(request.hostname) ? '' : namesOfHost(request.hostname);
  const lines = [
    ...(request.base === undefined ? STATIC_HOSTS : [request.base.replace(/\n+$/, '')]),
    ...extraHostLines(request.extraHosts, request.gateway),
    ...request.links.map(({ address, names }) => `${address}\t${names}`),
    ...(own === '' ? [] : request.addresses.map((address) => `${address}\t${own}`)),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

export type ResolvConf = { nameservers: string[]; search: string[]; options: string[] };

/** resolv.conf(5). */
export function parseResolvConf(text: string): ResolvConf {
  const found: ResolvConf = { nameservers: [], search: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0]) found.nameservers.push(values[0]);
    // Of several search lines the last one counts.
    else if (keyword === 'search' || keyword === 'domain') found.search = values;
    else if (keyword === 'options') found.options.push(...values);
  }
  return found;
}

/** Where Docker turns when the host names no server a container could reach. */
const PUBLIC_SERVERS = ['8.8.8.8', '8.8.4.4'];
export const RESOLVER = '127.0.0.11';

/** Name servers of the host that a container can reach: not on the host's loopback, not by IPv6. */
export const reachable = (nameservers: readonly string[]): string[] =>
  nameservers.filter((server) => parseIpv4(server) !== null && !server.startsWith('127.'));

export function resolvConf(request: {
  host: string;
  /** Whether names are served to the container at 127.0.0.11. */
  names: boolean;
  /** The host's file is taken as it is: the container is on the host's network. */
  sameAsHost: boolean;
  dns: readonly string[];
  dnsSearch: readonly string[];
  dnsOptions: readonly string[];
}): string {
  const host = parseResolvConf(request.host);
  const asked = request.dns.filter((server) => parseIpv4(server) !== null || isIpv6(server));
  const changed = asked.length + request.dnsSearch.length + request.dnsOptions.length > 0;
  if (request.sameAsHost && !changed) return request.host;
  const usable = request.sameAsHost ? host.nameservers : reachable(host.nameservers);
  const upstream = asked.length > 0 ? asked : usable.length > 0 ? usable : PUBLIC_SERVERS;
  const nameservers = request.names ? [RESOLVER] : upstream;
  // `.` asks for no search domain at all.
  const clean = (values: readonly string[]) => values.filter((value) => !CONTROL.test(value) && value !== '');
  const search = clean(request.dnsSearch.length > 0 ? request.dnsSearch : host.search).filter((it) => it !== '.');
  const options = clean(request.dnsOptions.length > 0 ? request.dnsOptions : host.options);
  if (request.names && !options.some((option) => option.startsWith('ndots:'))) options.push('ndots:0');
  const lines = [
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
