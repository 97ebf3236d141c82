import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../../../../e2e/support/engine.ts';
import { until } from '../../../../e2e/support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox';
/** CHOWN, DAC_OVERRIDE, FSETID, FOWNER, MKNOD, NET_RAW, SETGID, SETUID, SETFCAP, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT, KILL, AUDIT_WRITE. */
const DEFAULT_CAPABILITIES = '00000000a80425fb';
const NONE = '0000000000000000';
const MASKED = [
  ...['/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats'],
  ...['/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware'],
  '/sys/devices/virtual/powercap',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

let engine: TestEngine;
beforeAll(async () => {
  // On every address: what a container must not reach is there to be reached.
  engine = await startEngine({ args: ['--host', '0.0.0.0', '--allow-remote', 'true'] });
  await engine.docker('run', '-d', '--name', 'plain', IMAGE, 'sleep', '1000');
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const run = (...args: string[]): Promise<string> => engine.docker('run', '--rm', ...args);
const sh = (script: string, ...flags: string[]): Promise<string> => run(...flags, IMAGE, 'sh', '-c', script);
const inPlain = (script: string): Promise<string> => engine.docker('exec', 'plain', 'sh', '-c', script);
const exitOf = (script: string, ...flags: string[]): Promise<string> =>
  sh(`(${script}) >/dev/null 2>&1; echo $?`, ...flags).then((text) => text.trim());

describe('a container that asks for nothing', () => {
  test('has exactly the default capabilities, a seccomp filter, and so does an exec in it', async () => {
    for (const status of [await sh('cat /proc/self/status'), await inPlain('cat /proc/self/status')]) {
      const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1];
      expect(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'Seccomp', 'NoNewPrivs'].map(field)).toEqual([
        ...[NONE, DEFAULT_CAPABILITIES, DEFAULT_CAPABILITIES, DEFAULT_CAPABILITIES, NONE],
        ...['2', '0'],
      ]);
    }
    const other = await sh('cat /proc/self/status', '-u', '1000');
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
      expect(other).toMatch(new RegExp(`^${name}:\\s*${NONE}$`, 'm'));
    expect(other).toMatch(new RegExp(`^CapBnd:\\s*${DEFAULT_CAPABILITIES}$`, 'm'));
  });

  test('an exec never has more than the container allows', async () => {
    await engine.docker(
      'run',
      '-d',
      '--name',
      'less',
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
      IMAGE,
      'sleep',
      '1000',
    );
    const status = await engine.docker('exec', 'less', 'cat', '/proc/self/status');
    expect(status).toMatch(new RegExp(`^CapBnd:\\s*${NONE}$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(status).toMatch(/^Seccomp:\s*2$/m);
    await engine.docker('rm', '-f', 'less');
  });

  test('has namespaces of its own', async () => {
    const pid = (await engine.docker('inspect', '-f', '{{.State.Pid}}', 'plain')).trim();
    const kinds = ['pid', 'net', 'mnt', 'ipc', 'uts'];
    if (JSON.parse(await engine.docker('info', '-f', '{{json .CgroupVersion}}')) === '2') kinds.push('cgroup');
    for (const kind of kinds) {
      const [theirs, ours] = await Promise.all([pid, 'self'].map((it) => readlink(`/proc/${it}/ns/${kind}`)));
      expect(theirs, kind).not.toBe(ours);
    }
    expect((await sh('ps -o pid | grep -c [0-9]')).trim()).toMatch(/^[23]$/);
  });

  test('sees the masked paths empty, the read-only ones read-only, and /sys and the control groups too', async () => {
    const mounts = (await sh('cat /proc/self/mountinfo')).split('\n').map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [, , , root, point, options = ''] = left.split(' ');
      return { root, point, options: options.split(','), type: right.split(' ')[0] };
    });
    const at = (path: string) => mounts.findLast((mount) => mount.point === path);
    const there = (
      await sh(`for p in ${[...MASKED, ...READ_ONLY].join(' ')}; do [ -e $p ] && echo $p; done; true`)
    ).split('\n');
    expect(there.length).toBeGreaterThan(6);
    for (const path of MASKED.filter((it) => there.includes(it))) {
      expect((await sh(`if [ -d ${path} ]; then ls -A ${path}; else cat ${path}; fi`)).trim(), path).toBe('');
      expect(at(path), path).toBeDefined();
    }
    for (const path of [...READ_ONLY.filter((it) => there.includes(it)), '/sys']) {
      expect(at(path)?.options, path).toContain('ro');
    }
    for (const mount of mounts.filter(({ type }) => type?.startsWith('cgroup')))
      expect(mount.options, mount.point).toContain('ro');
    expect(await exitOf('echo 1 > /proc/sys/kernel/hostname')).not.toBe('0');
    expect(await exitOf('mount -t tmpfs none /tmp')).not.toBe('0');
    // Of the host it sees the three files that were made for it.
    const foreign = mounts.filter(
      ({ type, point }) => !['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue'].includes(type ?? '') && point !== '/',
    );
    const named = foreign.filter(({ type }) => !type?.startsWith('cgroup')).map(({ point }) => point);
    // One runtime masks with the host's /dev/null, the other with its own.
    expect(named.filter((point) => point && !MASKED.includes(point)).sort()).toEqual([
      '/etc/hostname',
      '/etc/hosts',
      '/etc/resolv.conf',
    ]);
  });

  test('has the default devices, can use no other, and makes none work', async () => {
    const names = (await sh('ls /dev')).trim().split('\n').sort();
    expect(names.filter((name) => name !== 'core')).toEqual([
      ...[
        'fd',
        'full',
        'mqueue',
        'null',
        'ptmx',
        'pts',
        'random',
        'shm',
        'stderr',
        'stdin',
        'stdout',
        'tty',
        'urandom',
        'zero',
      ],
    ]);
    for (const device of ['b 8 0', 'b 254 0', 'c 1 1', 'c 10 229']) {
      expect(await exitOf(`mknod /tmp/d ${device} && dd if=/tmp/d of=/dev/null bs=1 count=1`), device).not.toBe('0');
    }
    expect(await exitOf('mknod /tmp/null c 1 3 && echo x > /tmp/null')).toBe('0');
  });

  test('has nothing of the engine: no descriptor, variable, socket or way to its own program', async () => {
    const pid = (await engine.docker('inspect', '-f', '{{.State.Pid}}', 'plain')).trim();
    const descriptors = await readdir(`/proc/${pid}/fd`);
    expect(descriptors.sort()).toEqual(['0', '1', '2']);
    for (const each of descriptors) expect(await readlink(`/proc/${pid}/fd/${each}`)).toMatch(/^(\/dev\/null|pipe:)/);
    const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean);
    expect(variables.map((line) => line.split('=')[0]).sort()).toEqual(['HOME', 'HOSTNAME', 'PATH']);
    expect(await sh('ls /proc/self/fd | grep -v -e "^[012]$" | wc -l')).toMatch(/^1\n$/);
    expect(await inPlain('cat /proc/*/cmdline | tr "\\0" " "')).not.toMatch(/gantry|runc|conmon|node /);
    expect((await sh('find / -name "*.sock" -not -path "/proc/*" 2>/dev/null; true')).trim()).toBe('');
  });

  test('may set only what belongs to it among the settings of the kernel', async () => {
    const flags = [
      '--sysctl',
      'net.ipv4.ip_forward=0',
      '--sysctl',
      'kernel.shmmax=65536',
      '--sysctl',
      'fs.mqueue.msg_max=11',
    ];
    expect(
      await sh('cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max', ...flags),
    ).toBe('0\n65536\n11\n');
    for (const name of [
      'kernel.panic',
      'vm.swappiness',
      'fs.file-max',
      'kernel.core_pattern',
      'net',
      'kernel.msg*/../panic',
    ]) {
      await expect(sh('true', '--sysctl', `${name}=1`), name).rejects.toThrow(/sysctl/);
    }
    await expect(sh('true', '--network', 'host', '--sysctl', 'net.ipv4.ip_forward=1')).rejects.toThrow(/sysctl/);
    await expect(sh('true', '--ipc', 'host', '--sysctl', 'kernel.shmmax=1')).rejects.toThrow(/sysctl/);
  });
});

describe('from inside a container', () => {
  /** Every address the host has, that of the bridge too. */
  const hostAddresses = () =>
    Object.values(networkInterfaces()).flatMap((them) =>
      (them ?? []).filter((it) => it.family === 'IPv4').map((it) => it.address),
    );
  const fetched = (url: string, ...flags: string[]) =>
    sh(`timeout 2 wget -q -O - ${url} 2>/dev/null; echo end`, ...flags);

  test('no address answers with the engine, on any network', async () => {
    const port = new URL(engine.url).port;
    await engine.docker('network', 'create', 'probe');
    expect(hostAddresses().length).toBeGreaterThan(2);
    for (const network of ['bridge', 'probe']) {
      const gateway = (
        await sh("ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'", '--network', network)
      ).trim();
      expect(gateway).toMatch(/^\d+\./);
      const addresses = [...new Set([...hostAddresses(), gateway])];
      const script = addresses
        .map((it) => `timeout 2 wget -q -O - http://${it}:${port}/healthz 2>/dev/null`)
        .join('; ');
      expect(await sh(`${script}; echo end`, '--network', network)).toBe('end\n');
    }
    // The same question by the host itself is answered: it was not the question.
    for (const address of hostAddresses())
      expect((await fetch(`http://${address}:${port}/healthz`)).status, address).toBe(200);
    await engine.docker('network', 'rm', 'probe');
  });

  test('what listens on the host’s loopback is out of reach', async () => {
    const service = createServer((_request, response) => response.end('host only')).listen(0, '127.0.0.1');
    await until(() => service.listening, 'it listens');
    const { port } = service.address() as AddressInfo;
    const gateway = (await sh("ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'")).trim();
    for (const address of ['127.0.0.1', gateway, 'host.docker.internal']) {
      expect(await fetched(`http://${address}:${port}/`, '--add-host', 'host.docker.internal:host-gateway')).toBe(
        'end\n',
      );
    }
    const forged = `ip route add 127.0.0.9/32 via ${gateway} table local; timeout 2 wget -q -O - http://127.0.0.9:${port}/ 2>/dev/null; echo end`;
    expect(await sh(forged, '--cap-add', 'NET_ADMIN')).toBe('end\n');
    // The question is a good one: on every address the same service is reached.
    const open = createServer((_request, response) => response.end('for all')).listen(0, '0.0.0.0');
    await until(() => open.listening, 'it listens');
    expect(await fetched(`http://${gateway}:${(open.address() as AddressInfo).port}/`)).toBe('for allend\n');
    await new Promise((resolve) => open.close(resolve));
    await new Promise((resolve) => service.close(resolve));
  });

  test('a published port is on the address that was asked for and gone after the stop', async () => {
    const page = 'echo page > /index.html; httpd -f -p 80 -h /';
    await engine.docker('run', '-d', '--name', 'local', '-p', '127.0.0.1::80', IMAGE, 'sh', '-c', page);
    const port = (await engine.docker('port', 'local', '80')).trim().split(':')[1];
    const ask = (address: string) =>
      fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2000) }).then(
        (answer) => answer.text(),
        () => null,
      );
    await until(async () => (await ask('127.0.0.1')) === 'page\n', 'the page');
    const others = hostAddresses().filter((it) => it !== '127.0.0.1');
    expect(await Promise.all(others.map(ask))).toEqual(others.map(() => null));
    await engine.docker('stop', '-t', '0', 'local');
    expect(await ask('127.0.0.1')).toBeNull();
    expect((await exec('ss', ['-Hltn', `sport = :${port}`])).stdout).toBe('');
    await engine.docker('rm', 'local');
  });

  test('two networks know nothing of each other, an internal one has no way out', async () => {
    for (const args of [['one'], ['two'], ['--internal', 'inner']]) await engine.docker('network', 'create', ...args);
    const page = 'echo page > /index.html; httpd -f -p 80 -h /';
    await engine.docker('run', '-d', '--name', 'server', '--network', 'one', IMAGE, 'sh', '-c', page);
    const address = (
      await engine.docker('inspect', '-f', '{{.NetworkSettings.Networks.one.IPAddress}}', 'server')
    ).trim();
    await until(
      async () => (await fetched('http://server/', '--network', 'one')) === 'page\nend\n',
      'the page by its name',
    );
    for (const network of ['two', 'bridge', 'inner']) {
      expect(await fetched(`http://${address}/`, '--network', network), network).toBe('end\n');
      expect(await exitOf('nslookup server', '--network', network), network).not.toBe('0');
      expect(await exitOf(`ping -c 1 -W 1 ${address}`, '--network', network), network).not.toBe('0');
    }
    expect(await sh('ip route', '--network', 'inner')).not.toContain('default');
    await engine.docker('rm', '-f', 'server');
    await engine.docker('network', 'rm', 'one', 'two', 'inner');
  });
});
