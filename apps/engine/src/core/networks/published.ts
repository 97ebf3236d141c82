import type { PortBinding } from '#core/containers/types.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import { isIpv6, parseIpv4 } from '#lib/ipv4.ts';
import type { HeldPort, HostPort, NetworkDriver, Protocol } from './ports.ts';

/** A published port in force. */
export type PublishedPort = HostPort & { containerPort: number; held: HeldPort | null };

/** Gives out host ports: none twice, none that another program has. */
export type PortAllocator = {
  /** Holds every wanted port, or none. An empty HostPort is a random one, `8000-8010` the first free of a range. */
  publish(ports: Record<string, PortBinding[]>, defaultHostIp: string): Promise<PublishedPort[]>;
  /** At boot: notes ports in force as taken, and tries to hold them. Returns those that somebody else has taken since. */
  adopt(ports: Record<string, PortBinding[]>): Promise<{ published: PublishedPort[]; lost: PublishedPort[] }>;
  release(published: readonly PublishedPort[]): Promise<void>;
};

const ANY = '0.0.0.0';
const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

type Wanted = { protocol: Protocol; containerPort: number; ip: string; first: number; last: number; random: boolean };

function parsePort(text: string): number | null {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : null;
}

function parseHostPorts(text: string): { first: number; last: number } | null {
  const [from = '', to = from, ...rest] = text.split('-');
  const first = parsePort(from);
  const last = parsePort(to);
  return first === null || last === null || last < first || rest.length > 0 ? null : { first, last };
}

function parseHostIp(text: string, fallback: string): string {
  if (text === '') return fallback;
  if (parseIpv4(text) !== null) return text;
  if (isIpv6(text))
    throw new EngineError('not_implemented', `publishing on the IPv6 address ${text} is not implemented by Gantry`);
  throw invalid(`invalid IP address: ${text}`);
}

function parseWanted(port: string, binding: PortBinding, fallback: string): Wanted {
  const [number = '', protocol = 'tcp'] = port.toLowerCase().split('/');
  const containerPort = parsePort(number);
  if (containerPort === null) throw invalid(`invalid port specification: ${JSON.stringify(port)}`);
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') throw invalid(`invalid proto: ${protocol}`);
  const ip = parseHostIp(binding.HostIp ?? '', fallback);
  const text = binding.HostPort ?? '';
  if (text === '' || text === '0') return { protocol, containerPort, ip, first: 0, last: 0, random: true };
  const range = parseHostPorts(text);
  if (!range) throw invalid(`invalid port specification: ${JSON.stringify(text)}`);
  return { protocol, containerPort, ip, ...range, random: false };
}

export function createPortAllocator(driver: Pick<NetworkDriver, 'holdPort' | 'portRange'>): PortAllocator {
  /** By protocol and port: the addresses it is taken on. */
  const taken = new Map<string, Set<string>>();
  let next = 0;

  const keyOf = (port: HostPort): string => `${port.protocol}/${port.port}`;

  function isTaken(port: HostPort): boolean {
    const addresses = taken.get(keyOf(port));
    if (!addresses) return false;
    return port.ip === ANY || addresses.has(ANY) || addresses.has(port.ip);
  }

  function note(port: HostPort): void {
    const addresses = taken.get(keyOf(port)) ?? new Set();
    taken.set(keyOf(port), addresses.add(port.ip));
  }

  function forget(port: HostPort): void {
    const addresses = taken.get(keyOf(port));
    addresses?.delete(port.ip);
    if (addresses?.size === 0) taken.delete(keyOf(port));
  }

  /** Noted before the first wait, so that of two requests for one port exactly one goes on. */
  async function hold(port: HostPort): Promise<HeldPort> {
    if (isTaken(port)) {
      throw new EngineError('conflict', `Bind for ${port.ip}:${port.port} failed: port is already allocated`);
    }
    note(port);
    try {
      return await driver.holdPort(port);
    } catch (error) {
      forget(port);
      throw error;
    }
  }

  async function firstFree(wanted: Wanted, candidates: Iterable<number>): Promise<PublishedPort> {
    let failure: unknown = new EngineError('conflict', 'all ports are allocated');
    for (const candidate of candidates) {
      const port = { protocol: wanted.protocol, ip: wanted.ip, port: candidate };
      try {
        return { ...port, containerPort: wanted.containerPort, held: await hold(port) };
      } catch (error) {
        if (!isEngineError(error, 'conflict')) throw error;
        failure = error;
      }
    }
    throw wanted.random ? new EngineError('conflict', 'all ports are allocated') : failure;
  }

  async function* published(wanted: readonly Wanted[]): AsyncGenerator<PublishedPort> {
    // Fixed ports first: a random one must not take what the same request names.
    for (const it of wanted) if (!it.random) yield await firstFree(it, range(it.first, it.last));
    const random = wanted.filter((it) => it.random);
    if (random.length === 0) return;
    const { first, last } = await driver.portRange();
    for (const it of random) {
      if (next < first || next > last) next = first;
      const found = await firstFree(it, rotated(first, last, next));
      next = found.port + 1;
      yield found;
    }
  }

  async function release(ports: readonly PublishedPort[]): Promise<void> {
    for (const port of ports) {
      await port.held?.release();
      forget(port);
    }
  }

  return {
    async publish(ports, defaultHostIp) {
      const wanted = Object.entries(ports).flatMap(([port, bindings]) =>
        bindings.map((binding) => parseWanted(port, binding, defaultHostIp)),
      );
      const done: PublishedPort[] = [];
      try {
        for await (const port of published(wanted)) done.push(port);
        return done;
      } catch (error) {
        await release(done);
        throw error;
      }
    },
    async adopt(ports) {
      const published: PublishedPort[] = [];
      const lost: PublishedPort[] = [];
      for (const [name, bindings] of Object.entries(ports)) {
        for (const binding of bindings) {
          const wanted = parseWanted(name, binding, ANY);
          const port = { protocol: wanted.protocol, ip: wanted.ip, port: wanted.first };
          note(port);
          const held = await driver.holdPort(port).catch(() => null);
          const entry = { ...port, containerPort: wanted.containerPort, held };
          published.push(entry);
          if (!held) lost.push(entry);
        }
      }
      return { published, lost };
    },
    release,
  };
}

function* range(first: number, last: number): Generator<number> {
  for (let port = first; port <= last; port++) yield port;
}

function* rotated(first: number, last: number, from: number): Generator<number> {
  yield* range(from, last);
  yield* range(first, from - 1);
}

/** As the API shows them: `80/tcp` → bindings. */
export function toBindings(published: readonly PublishedPort[]): Record<string, PortBinding[]> {
  const ports = new Map<string, PortBinding[]>();
  for (const it of published) {
    const key = `${it.containerPort}/${it.protocol}`;
    ports.set(key, [...(ports.get(key) ?? []), { HostIp: it.ip, HostPort: String(it.port) }]);
  }
  return Object.fromEntries(ports);
}
