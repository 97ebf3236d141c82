import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import koffi from 'koffi';
import * as netlink from './netlink.ts';
import type { NetTask, NetTaskResult, VethTask } from './netns.ts';

/**
 * Network work in a thread of its own. A network namespace belongs to a
 * thread, so this one can step into a container's namespace, open a netlink
 * socket or write a sysctl there, and step back, without a process being
 * started (3 to 10 ms each) and without the engine's event loop waiting for
 * the kernel's network lock. Everything here is synchronous on purpose: no
 * other work can happen while the thread stands in a foreign namespace.
 */

const CLONE_NEWNET = 0x40000000;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const EINVAL = 22;
const ENOENT = 2;
const ENODEV = 19;
const EEXIST = 17;
const ESRCH = 3;
const ENOTCONN_EADDRNOTAVAIL = 99;

const libc = koffi.load('libc.so.6');
const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int nstype)');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const send = libc.func('long send(int fd, const void *buffer, size_t length, int flags)');
const recv = libc.func('long recv(int fd, _Out_ void *buffer, size_t length, int flags)');
const close = libc.func('int close(int fd)');
const mount = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
);
const umount2 = libc.func('int umount2(const char *target, int flags)');
const nameOf = libc.func('const char *strerrorname_np(int errnum)');

class SystemCallError extends Error {
  readonly errno: number;
  constructor(call: string, errno: number) {
    super(`${call}: ${nameOf(errno) ?? `errno ${errno}`}`);
    this.errno = errno;
  }
}

function check(result: number, call: string): number {
  if (result < 0) throw new SystemCallError(call, koffi.errno());
  return result;
}

const hasErrno = (error: unknown, ...values: number[]): boolean =>
  error instanceof SystemCallError && values.includes(error.errno);

const home = openSync('/proc/thread-self/ns/net', 'r');

function goHome(): void {
  // A thread that cannot come back must not do one more thing: the main thread starts another.
  if (setns(home, CLONE_NEWNET) < 0) process.exit(70);
}

/** Runs synchronous work in another namespace. */
function inNamespace<T>(descriptor: number, work: () => T): T {
  check(setns(descriptor, CLONE_NEWNET), 'setns');
  try {
    return work();
  } finally {
    goHome();
  }
}

function withNamespace<T>(path: string, work: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

type Socket = { request(message: netlink.NetlinkMessage, what: string): netlink.Reply[]; close(): void };

/** A netlink socket of the namespace the thread stands in. It stays there when the thread leaves. */
function openSocket(): Socket {
  const descriptor = check(socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE), 'socket');
  let sequence = 0;
  // The kernel never puts more than this into one datagram of a dump.
  const buffer = Buffer.alloc(65_536);
  return {
    request(message, what) {
      sequence += 1;
      const bytes = netlink.encode(message, sequence);
      check(Number(send(descriptor, bytes, bytes.length, 0)), `send (${what})`);
      const all: netlink.Reply[] = [];
      for (;;) {
        const length = check(Number(recv(descriptor, buffer, buffer.length, 0)), `recv (${what})`);
        const { replies, errno, done } = netlink.decode(buffer.subarray(0, length));
        all.push(...replies);
        if (errno !== null && errno !== 0) throw new SystemCallError(what, errno);
        if (errno === 0 || done) return all;
      }
    },
    // Not closeSync: Node keeps a list of the descriptors that a thread opened through it, and warns of others.
    close: () => close(descriptor),
  };
}

const host = openSocket();

function tolerate(errnos: number[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!hasErrno(error, ...errnos)) throw error;
  }
}

function findLink(from: Socket, name: string): netlink.Link | undefined {
  try {
    const reply = from.request(netlink.getLink(name), `find ${name}`)[0];
    return reply && netlink.readLink(reply.body);
  } catch (error) {
    if (hasErrno(error, ENODEV, ENOENT)) return undefined;
    throw error;
  }
}

function requireLink(from: Socket, name: string): netlink.Link {
  const link = findLink(from, name);
  if (!link) throw new SystemCallError(`find ${name}`, ENODEV);
  return link;
}

function writeSysctls(sysctls: Record<string, string>): void {
  for (const [name, value] of Object.entries(sysctls)) {
    const path = `/proc/sys/${sysctlPath(name)}`;
    try {
      writeFileSync(path, value);
    } catch (error) {
      // A refused value is an error of write(2), which does not say where.
      const message = (error as Error).message;
      if (!message.includes(path)) (error as Error).message = `${message} '${path}'`;
      throw error;
    }
  }
}

/** sysctl(8): `net.ipv4.conf.eth0/1.x` writes a dot in a name as a slash. */
const sysctlPath = (name: string): string => (name.includes('/') ? name : name.replaceAll('.', '/'));

function removeNamespace(path: string): void {
  for (;;) {
    if (umount2(path, MNT_DETACH) < 0) {
      const errno = koffi.errno();
      if (errno === EINVAL || errno === ENOENT) break;
      throw new SystemCallError(`umount ${path}`, errno);
    }
  }
  rmSync(path, { force: true });
}

function addNamespace(path: string, sysctls: Record<string, string>): void {
  writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
  try {
    check(unshare(CLONE_NEWNET), 'unshare');
    try {
      check(mount('/proc/thread-self/ns/net', path, 'none', MS_BIND, null), 'mount');
      writeSysctls(sysctls);
      const inside = openSocket();
      try {
        inside.request(netlink.linkUp(requireLink(inside, 'lo').index), 'lo up');
      } finally {
        inside.close();
      }
    } finally {
      goHome();
    }
  } catch (error) {
    removeNamespace(path);
    throw error;
  }
}

/** A mount point cannot be renamed: bind it a second time and let go of the first. */
function moveNamespace(from: string, to: string, sysctls: Record<string, string>): void {
  writeFileSync(to, '', { mode: 0o600, flag: 'wx' });
  try {
    check(mount(from, to, 'none', MS_BIND, null), 'mount');
    if (Object.keys(sysctls).length > 0) {
      withNamespace(to, (descriptor) => inNamespace(descriptor, () => writeSysctls(sysctls)));
    }
  } catch (error) {
    removeNamespace(to);
    throw error;
  }
  removeNamespace(from);
}

function ensureBridge(task: Extract<NetTask, { kind: 'ensure-bridge' }>): void {
  let link = findLink(host, task.name);
  if (!link) {
    host.request(netlink.newBridge(task), `add bridge ${task.name}`);
    link = requireLink(host, task.name);
  }
  writeSysctls(task.sysctls);
  if (task.gateway) {
    const present = host
      .request(netlink.dump(netlink.RTM.GETADDR), 'addresses')
      .map((it) => netlink.readAddress(it.body));
    for (const it of present) {
      if (it.index !== link.index || (it.address === task.gateway && it.prefixLength === task.prefixLength)) continue;
      tolerate(
        [ENOTCONN_EADDRNOTAVAIL],
        () => void host.request(netlink.deleteAddress(it.index, it.address, it.prefixLength), 'delete address'),
      );
    }
    host.request(netlink.newAddress(link.index, task.gateway, task.prefixLength), `address of ${task.name}`);
  }
  host.request(netlink.linkUp(link.index), `${task.name} up`);
}

const RESOLVER = '127.0.0.11/32';

function configureInside(inside: Socket, task: VethTask): void {
  const link = requireLink(inside, task.interfaceName);
  inside.request(netlink.newAddress(link.index, task.ipv4, task.prefixLength), `address ${task.ipv4}`);
  inside.request(netlink.linkUp(link.index), `${task.interfaceName} up`);
  if (task.gateway) {
    const route = { to: 'default', via: task.gateway, index: link.index, table: netlink.TABLE.MAIN };
    inside.request(netlink.newRoute(route), 'default route');
  }
  if (task.resolver) {
    routeResolver(inside, { address: task.resolver, interfaceName: task.interfaceName }, link.index);
  }
}

/**
 * 127.0.0.11 leaves by this interface towards the network's resolver; the host translates it there. For the answers,
 * which come from 127.0.0.11, the interface must accept loopback addresses; so that neighbours cannot use that to reach
 * what listens on the container's loopback, packets *to* 127.0.0.0/8 from outside go nowhere. That rule has to come
 * before the local table, which is rule 0 by default.
 */
function routeResolver(inside: Socket, resolver: { address: string; interfaceName: string }, index: number): void {
  const guard = { priority: 0, incoming: resolver.interfaceName, to: '127.0.0.0/8' };
  tolerate(
    [EEXIST],
    () => void inside.request(netlink.rule('add', { priority: 1, table: netlink.TABLE.LOCAL }), 'rule'),
  );
  tolerate([EEXIST], () => void inside.request(netlink.rule('add', guard), 'rule'));
  tolerate(
    [ENOENT],
    () => void inside.request(netlink.rule('delete', { priority: 0, table: netlink.TABLE.LOCAL }), 'rule'),
  );
  writeFileSync(`/proc/sys/net/ipv4/conf/${resolver.interfaceName}/route_localnet`, '1');
  const route = { to: RESOLVER, via: resolver.address, index, table: netlink.TABLE.LOCAL };
  inside.request(netlink.newRoute(route), 'route to the resolver');
}

function attach(task: VethTask): void {
  withNamespace(task.namespace, (descriptor) => {
    const master = requireLink(host, task.bridge).index;
    const peer = { name: task.interfaceName, mac: task.macAddress, namespaceFd: descriptor };
    host.request(
      netlink.newVeth({ name: task.hostInterface, master, mtu: task.mtu, peer }),
      `add ${task.hostInterface}`,
    );
    try {
      setHairpin(task.hostInterface);
      inNamespace(descriptor, () => {
        const inside = openSocket();
        try {
          configureInside(inside, task);
        } finally {
          inside.close();
        }
      });
    } catch (error) {
      deleteLink(task.hostInterface);
      throw error;
    }
  });
}

function deleteLink(name: string): void {
  tolerate([ENODEV, ENOENT], () => void host.request(netlink.deleteLink(name), `delete ${name}`));
}

/** Runs work with a netlink socket of the namespace. */
function inside<T>(namespace: string, work: (socket: Socket) => T): T {
  return withNamespace(namespace, (descriptor) =>
    inNamespace(descriptor, () => {
      const socket = openSocket();
      try {
        return work(socket);
      } finally {
        socket.close();
      }
    }),
  );
}

function setRoutes({ namespace, gateway, resolver }: Extract<NetTask, { kind: 'set-routes' }>): void {
  inside(namespace, (socket) => {
    if (gateway) {
      const route = { to: 'default', via: gateway, index: null, table: netlink.TABLE.MAIN };
      socket.request(netlink.newRoute(route), 'default route');
    } else {
      tolerate([ESRCH], () => void socket.request(netlink.deleteRoute('default', netlink.TABLE.MAIN), 'default route'));
    }
    tolerate([ESRCH], () => void socket.request(netlink.deleteRoute(RESOLVER, netlink.TABLE.LOCAL), 'resolver'));
    if (resolver) routeResolver(socket, resolver, requireLink(socket, resolver.interfaceName).index);
  });
}

const listLinks = (namespace: string): netlink.Link[] =>
  inside(namespace, (socket) =>
    socket.request(netlink.dump(netlink.RTM.GETLINK), 'links').map((it) => netlink.readLink(it.body)),
  );

/** A container that uses its own published port gets its packet back through the port it came from. */
const setHairpin = (name: string): void => writeFileSync(`/sys/class/net/${name}/brport/hairpin_mode`, '1');

function snapshot(): NetTaskResult {
  const read = <T>(type: number, parse: (body: Buffer) => T, what: string): T[] =>
    host.request(netlink.dump(type), what).map((it) => parse(it.body));
  return {
    links: read(netlink.RTM.GETLINK, netlink.readLink, 'links'),
    addresses: read(netlink.RTM.GETADDR, netlink.readAddress, 'addresses'),
    routes: read(netlink.RTM.GETROUTE, netlink.readRoute, 'routes'),
  };
}

function perform(task: NetTask): NetTaskResult | undefined {
  switch (task.kind) {
    case 'add-namespace':
      return void addNamespace(task.path, task.sysctls);
    case 'move-namespace':
      return void moveNamespace(task.from, task.to, task.sysctls);
    case 'remove-namespace':
      return void removeNamespace(task.path);
    case 'ensure-bridge':
      return void ensureBridge(task);
    case 'attach':
      return void attach(task);
    case 'set-master':
      host.request(
        netlink.linkMaster(requireLink(host, task.name).index, requireLink(host, task.master).index),
        'master',
      );
      return void setHairpin(task.name);
    case 'delete-link':
      return void deleteLink(task.name);
    case 'set-routes':
      return void setRoutes(task);
    case 'snapshot':
      return snapshot();
    case 'list-links':
      return listLinks(task.namespace);
    case 'read-sysctl':
      return { value: readFileSync(`/proc/sys/${sysctlPath(task.name)}`, 'utf8').trim() };
    case 'write-sysctl':
      return void writeSysctls({ [task.name]: task.value });
  }
}

parentPort?.on('message', ({ id, task }: { id: number; task: NetTask }) => {
  try {
    parentPort?.postMessage({ id, result: perform(task) });
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    parentPort?.postMessage({ id, error: { message: failure.message, errno: failure.errno ?? 0 } });
  }
});
