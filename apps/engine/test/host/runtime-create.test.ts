import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownCapabilities } from '#drivers/runtime/capabilities.ts';
import { cgroupDirectories, cgroupPids, detectCgroups } from '#os/cgroup.ts';
import { mount, readMounts, unmount } from '#os/mount.ts';
import { allProcesses, procCommandLine } from '#os/proc.ts';
import { runOk } from '#os/process.ts';
import { openStage, type Stage, type Wanted } from './runtime-fixture.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const sh = (script: string): string[] => ['sh', '-c', script];
const output = async (wanted: Wanted): Promise<string> => (await stage.run(wanted)).out.trimEnd();
const status = (field: string): string[] => ['awk', `/^${field}:/{print $2}`, '/proc/self/status'];

/** Everything on the host that belongs to this stage. */
function traces(): string[] {
  const mounts = readMounts().filter((mount) => mount.mountPoint.startsWith(stage.base));
  const processes = allProcesses().filter(({ pid }) => procCommandLine(pid).some((word) => word.includes(stage.base)));
  const groups = cgroupDirectories(detectCgroups(), `/gantry-${stage.instance}`).flatMap((directory) =>
    existsSync(directory)
      ? readdirSync(directory, { withFileTypes: true })
          .filter((entry) => entry.isDirectory() && entry.name !== 'supervisors')
          .map((entry) => join(directory, entry.name))
      : [],
  );
  const files = ['c', 'exits', 'execs', 'runtime'].flatMap((name) => readdirSync(join(stage.base, 'run', name)));
  return [...mounts.map((m) => m.mountPoint), ...processes.map((p) => String(p.pid)), ...groups, ...files];
}

describe('a container', () => {
  test('prints, ends and tells its exit code', async () => {
    const { out, exit } = await stage.run({ args: sh('echo out; echo err >&2; exit 7') });
    expect(out.split('\n').sort()).toEqual(['', 'err', 'out']);
    expect(exit).toMatchObject({ exitCode: 7, oomKilled: false });
    expect(Date.now() - Date.parse(exit.finishedAt)).toBeLessThan(5000);
  });

  test('leaves nothing behind but its writable layer and its log', async () => {
    const { id } = await stage.up({ args: sh('echo x > /made; sleep 60 & echo up; sleep 60') });
    while (!stage.logOf(id).includes('up')) await new Promise((resolve) => setImmediate(resolve));
    expect(traces()).not.toEqual([]);
    await stage.runtime.remove(id);
    await stage.runtime.remove(id);
    expect(traces()).toEqual([]);
    expect(readFileSync(join(stage.base, 'overlay', id, 'upper/made'), 'utf8')).toBe('x\n');
    expect(await stage.exitOf(id)).toMatchObject({ exitCode: 137 });
  });

  test('can be created, removed unstarted, and created again under the same id', async () => {
    const request = stage.request({ args: sh('echo again') });
    await stage.runtime.create(request);
    await stage.runtime.remove(request.id);
    await stage.runtime.create(request);
    await stage.runtime.start(request.id);
    expect((await stage.exitOf(request.id)).id).toBe(request.id);
    await stage.runtime.remove(request.id);
  });

  test('its files are on an overlay, its hostname, environment and directory are its own', async () => {
    const wanted: Wanted = {
      args: sh('awk \'$2=="/"{print $1}\' /proc/mounts; hostname; echo $HOME $HOSTNAME $A $TERM; pwd; echo $PATH'),
      config: { Env: ['A=1', 'A=2', 'nonsense'], WorkingDir: '/new/place' },
    };
    expect((await output(wanted)).split('\n')).toEqual([
      'overlay',
      'box',
      '/root box 2',
      '/new/place',
      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });

  test('has namespaces of its own', async () => {
    const { id, pid } = await stage.up({ args: ['sleep', '60'] });
    for (const name of ['pid', 'net', 'mnt', 'ipc', 'uts']) {
      expect(statSync(`/proc/${pid}/ns/${name}`).ino).not.toBe(statSync(`/proc/self/ns/${name}`).ino);
    }
    await stage.runtime.remove(id);
  });

  test('sees nothing of the engine: no descriptors, no environment', async () => {
    process.env.GANTRY_CANARY = 'canary';
    const out = await output({ args: sh('ls -l /proc/1/fd /proc/self/fd; env') });
    delete process.env.GANTRY_CANARY;
    expect(out).not.toContain('canary');
    expect(out).not.toContain('socket:');
    expect(out).not.toContain(stage.base);
  });

  test('host namespaces when asked', async () => {
    const { id, pid } = await stage.up({
      args: ['sleep', '60'],
      host: { PidMode: 'host', IpcMode: 'host', UTSMode: 'host', NetworkMode: 'host' },
      request: { netns: { kind: 'host' } },
    });
    for (const name of ['pid', 'net', 'ipc', 'uts']) {
      expect(statSync(`/proc/${pid}/ns/${name}`).ino).toBe(statSync(`/proc/self/ns/${name}`).ino);
    }
    await stage.runtime.remove(id);
    expect(traces()).toEqual([]);
  });

  test('joins the namespaces of another', async () => {
    const one = await stage.up({ args: ['sleep', '77'] });
    const joins = { pid: `/proc/${one.pid}/ns/pid`, ipc: `/proc/${one.pid}/ns/ipc` };
    expect(await output({ args: ['ps'], request: { joins } })).toContain('sleep 77');
    await stage.runtime.remove(one.id);
  });
});

describe('security', () => {
  test("exactly Docker's capabilities, for root", async () => {
    expect(await output({ args: status('CapEff') })).toBe('00000000a80425fb');
    expect(await output({ args: status('CapBnd') })).toBe('00000000a80425fb');
    expect(await output({ args: status('CapInh') })).toBe('0000000000000000');
    expect(await output({ args: status('CapAmb') })).toBe('0000000000000000');
  });

  test('another user has none to begin with and keeps the bound', async () => {
    expect(await output({ args: status('CapEff'), config: { User: '1000' } })).toBe('0000000000000000');
    expect(await output({ args: status('CapBnd'), config: { User: '1000' } })).toBe('00000000a80425fb');
  });

  test('added, dropped, privileged', async () => {
    const host = { CapDrop: ['ALL'], CapAdd: ['NET_BIND_SERVICE'] };
    expect(await output({ args: status('CapEff'), host })).toBe('0000000000000400');
    const mask = ownCapabilities();
    const all = await output({ args: status('CapEff'), host: { Privileged: true } });
    expect(all).toBe(/^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    expect(mask.length).toBeGreaterThan(30);
  });

  test('seccomp filters, unless unconfined or privileged', async () => {
    expect(await output({ args: status('Seccomp') })).toBe('2');
    expect(await output({ args: status('Seccomp'), host: { SecurityOpt: ['seccomp=unconfined'] } })).toBe('0');
    expect(await output({ args: status('Seccomp'), host: { Privileged: true } })).toBe('0');
  });

  test('namespaces of its own making are refused; programs and threads are not', async () => {
    expect(await output({ args: sh('busybox unshare -U true 2>/dev/null || echo refused') })).toBe('refused');
    expect(await output({ args: sh('busybox unshare -U true && echo made'), host: { Privileged: true } })).toBe('made');
  });

  test('an inline profile is used', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    };
    const host = { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] };
    expect(await output({ args: sh('mkdir /x 2>/dev/null || echo refused'), host })).toBe('refused');
  });

  test('no-new-privileges', async () => {
    expect(await output({ args: status('NoNewPrivs'), host: { SecurityOpt: ['no-new-privileges'] } })).toBe('1');
    expect(await output({ args: status('NoNewPrivs') })).toBe('0');
  });

  test('masked and read-only paths, no mounting', async () => {
    expect(
      await output({ args: sh('cat /proc/keys /proc/timer_list /proc/kcore 2>/dev/null | head -c 10 | wc -c') }),
    ).toBe('0');
    expect(await output({ args: sh('echo 1 > /proc/sys/kernel/msgmax || echo refused') })).toContain('refused');
    expect(await output({ args: sh('mkdir /m; mount -t tmpfs x /m || echo refused') })).toContain('refused');
    expect(await output({ args: sh('mkdir /sys/fs/cgroup/memory/x || echo refused') })).toContain('refused');
  });

  test('a read-only root', async () => {
    const host = { ReadonlyRootfs: true };
    expect(await output({ args: sh('touch /x 2>/dev/null || echo refused; touch /dev/shm/x && echo shm'), host })).toBe(
      'refused\nshm',
    );
  });

  test('only the default devices, and those given', async () => {
    const names = (await output({ args: sh('cd /dev; echo *') })).split(' ');
    expect(names.filter((name) => name !== 'core').sort()).toEqual(
      'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' '),
    );
    const Devices = [{ PathOnHost: '/dev/null', PathInContainer: '/dev/xnull', CgroupPermissions: 'rwm' }];
    expect(await output({ args: sh('ls -l /dev/xnull; echo x > /dev/xnull && echo ok'), host: { Devices } })).toMatch(
      /^crw.*\nok$/s,
    );
  });

  test('a device that was not given cannot be used even by its number', async () => {
    const script = 'busybox mknod /tmp/d b 7 0 && { cat /tmp/d >/dev/null 2>/tmp/e || cat /tmp/e; }';
    expect(await output({ args: sh(script) })).toMatch(/Operation not permitted/);
  });
});

describe('users', () => {
  test('by name, number, group; the own group is among the others', async () => {
    const ids = sh('id -u; id -g; id -G');
    expect(await output({ args: ids, config: { User: 'www-data' } })).toBe('33\n33\n33');
    expect(await output({ args: ids, config: { User: '1234:5678' } })).toBe('1234\n5678\n5678');
    expect(await output({ args: ids, config: { User: 'ann' } })).toBe('1000\n1000\n1000 10');
    expect(await output({ args: ids, host: { GroupAdd: ['audio', '777'] } })).toBe('0\n0\n0 10 63 777');
    expect(await output({ args: sh('echo $HOME'), config: { User: 'ann' } })).toBe('/home/ann');
  });

  test('an unknown one is refused and nothing is left', async () => {
    await expect(stage.up({ args: ['true'], config: { User: 'nosuch' } })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'unable to find user nosuch: no matching entries in passwd file',
    });
    expect(traces()).toEqual([]);
  });

  test('a FIFO as /etc/passwd is refused at once', async () => {
    const request = stage.request({ args: ['true'] });
    const upper = join(stage.base, 'overlay', request.id, 'upper');
    mkdirSync(join(upper, 'etc'));
    await runOk('mkfifo', [join(upper, 'etc/passwd')]);
    await expect(stage.runtime.create(request)).rejects.toMatchObject({
      message: 'etc/passwd of the container is not a regular file',
    });
    expect(traces()).toEqual([]);
  });
});

describe('a command that cannot run', () => {
  const cases: [string, string, number, RegExp][] = [
    [
      'is not found',
      'nosuchcommand',
      127,
      /^failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nosuchcommand": executable file not found in \$PATH: unknown$/,
    ],
    [
      'is a path that does not exist',
      '/no/such',
      127,
      /exec: "\/no\/such": stat \/no\/such: no such file or directory: unknown$/,
    ],
    ['is not executable', '/etc/passwd', 126, /exec: "\/etc\/passwd": permission denied: unknown$/],
  ];
  test.each(cases)('%s', async (_, command, exitCode, message) => {
    await expect(stage.up({ args: [command] })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
      details: { exitCode },
    });
    expect(traces()).toEqual([]);
  });

  test('with a terminal the words are the same', async () => {
    await expect(stage.up({ args: ['nosuchcommand'], config: { Tty: true } })).rejects.toMatchObject({
      message: expect.stringContaining('executable file not found in $PATH'),
    });
  });
});

describe('mounts', () => {
  test('binds, read-only ones, tmpfs, in order', async () => {
    const source = join(stage.base, 'shared');
    rmSync(source, { recursive: true, force: true });
    mkdirSync(source);
    writeFileSync(join(source, 'f'), 'host');
    const mounts = [
      { type: 'bind', source, target: '/m', options: ['rbind', 'rprivate', 'rw'] },
      { type: 'bind', source, target: '/r', options: ['rbind', 'rprivate', 'ro'] },
      { type: 'tmpfs', source: 'tmpfs', target: '/t', options: ['nosuid', 'size=1m', 'mode=1777'] },
      { type: 'bind', source: join(source, 'f'), target: '/t/inner', options: ['bind', 'ro'] },
    ];
    const script =
      'cat /m/f; echo; echo w > /m/g; echo w > /r/h || echo refused; df -k /t | awk "NR==2{print \\$2}"; cat /t/inner';
    expect(await output({ args: sh(`(${script}) 2>/dev/null`), request: { mounts } })).toBe(
      'host\nrefused\n1024\nhost',
    );
    expect(readFileSync(join(source, 'g'), 'utf8')).toBe('w\n');
    expect(readdirSync(source).sort()).toEqual(['f', 'g']);
  });

  test('a link in the image does not lead a mount onto the host', async () => {
    const request = stage.request({ args: ['true'] });
    const target = join(stage.base, 'target');
    mkdirSync(target, { recursive: true });
    const upper = join(stage.base, 'overlay', request.id, 'upper');
    await runOk('ln', ['-s', target, join(upper, 'link')]);
    const mounts = [{ type: 'tmpfs', source: 'tmpfs', target: '/link/x', options: [] }];
    await stage.runtime.create({ ...request, mounts });
    await stage.runtime.remove(request.id);
    expect(readdirSync(target)).toEqual([]);
  });

  test('a missing source is the error and nothing is left', async () => {
    const mounts = [{ type: 'bind', source: join(stage.base, 'nosuch'), target: '/m', options: ['rbind'] }];
    await expect(stage.up({ args: ['true'], request: { mounts } })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/OCI runtime create failed: .*nosuch.*no such file or directory/),
    });
    expect(traces()).toEqual([]);
  });

  test('/dev/shm has the size asked for', async () => {
    const args = sh("df -k /dev/shm | awk 'NR==2{print $2}'");
    expect(await output({ args })).toBe('65536');
    expect(await output({ args, host: { ShmSize: 32 * 1024 * 1024 } })).toBe('32768');
  });
});

describe('limits', () => {
  const file = (v1: string, v2: string): string[] =>
    sh(`cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`);

  test('memory, cpu, pids, cpuset', async () => {
    const Memory = 64 * 1024 * 1024;
    expect(await output({ args: file('memory/memory.limit_in_bytes', 'memory.max'), host: { Memory } })).toBe(
      String(Memory),
    );
    expect(await output({ args: file('cpu/cpu.cfs_quota_us', 'cpu.max'), host: { NanoCpus: 5e8 } })).toMatch(/^50000/);
    expect(await output({ args: file('pids/pids.max', 'pids.max'), host: { PidsLimit: 33 } })).toBe('33');
    expect(await output({ args: ['nproc'], host: { CpusetCpus: '0' } })).toBe('1');
  });

  test('running out of memory is 137 and noted', async () => {
    const size = 16 * 1024 * 1024;
    const { exit } = await stage.run({
      args: ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'],
      host: { Memory: size, MemorySwap: size },
    });
    expect(exit).toMatchObject({ exitCode: 137, oomKilled: true });
    // conmon's note of it belongs into the bundle, which is gone with the container.
    expect(existsSync('oom')).toBe(false);
  });

  test('ulimits, with infinity; one above this root is the highest it may give', async () => {
    const Ulimits = [
      { Name: 'nofile', Soft: 100, Hard: 200 },
      { Name: 'core', Soft: 0, Hard: -1 },
    ];
    expect(await output({ args: sh('ulimit -Sn; ulimit -Hn'), host: { Ulimits } })).toBe('100\n200');
    const high = [{ Name: 'nofile', Soft: 2 ** 30, Hard: 2 ** 30 }];
    if (!ownCapabilities().includes('CAP_SYS_RESOURCE')) {
      expect(Number(await output({ args: sh('ulimit -Hn'), host: { Ulimits: high } }))).toBeGreaterThan(0);
      expect(stage.warnings.some((text) => text.includes('the limit nofile is'))).toBe(true);
    }
  });

  test('sysctls of namespaces of its own, and no others', async () => {
    const Sysctls = { 'net.core.somaxconn': '321', 'kernel.msgmax': '9000' };
    const args = sh('cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax');
    expect(await output({ args, host: { Sysctls } })).toBe('321\n9000');
    await expect(stage.up({ args, host: { Sysctls: { 'kernel.hostname': 'x' } } })).rejects.toMatchObject({
      message: 'sysctl "kernel.hostname" is not in a separate kernel namespace',
    });
  });

  test('a cgroup parent stays below ours', async () => {
    const { id } = await stage.up({ args: ['sleep', '60'], host: { CgroupParent: '/../../team/a' } });
    const group = `/gantry-${stage.instance}/team/a/${id}`;
    expect(cgroupPids(detectCgroups(), group).length).toBe(1);
    await stage.runtime.remove(id);
    expect(cgroupDirectories(detectCgroups(), group).filter((directory) => existsSync(directory))).toEqual([]);
  });

  test('--init is pid 1', async () => {
    if (!stage.runtime.info.init) return;
    expect(await output({ args: ['cat', '/proc/1/comm'], host: { Init: true } })).toBe('docker-init');
  });
});

describe('a full disk', () => {
  test('is said, and nothing is left', async () => {
    const small = join(stage.base, 'small');
    mkdirSync(small, { recursive: true });
    mount({ type: 'tmpfs', source: 'tmpfs', target: small, options: ['size=64k'] });
    try {
      writeFileSync(join(small, 'full'), Buffer.alloc(60 * 1024));
      const runtime = await stage.again(join(small, 'run'));
      const request = stage.request({ args: ['true'] });
      await expect(runtime.create(request)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('no space left on device'),
      });
      expect(readMounts().filter(({ mountPoint }) => mountPoint.includes(request.id))).toEqual([]);
    } finally {
      await unmount(small);
    }
    expect(traces()).toEqual([]);
  });
});

describe('aborting', () => {
  test('an aborted create leaves nothing', async () => {
    const abort = new AbortController();
    const request = stage.request({ args: ['sleep', '60'] });
    const creating = stage.runtime.create(request, { signal: abort.signal });
    setImmediate(() => setImmediate(() => abort.abort()));
    await expect(creating).rejects.toThrow();
    expect(traces()).toEqual([]);
  });

  test('many at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) => stage.run({ args: sh(`echo ${i}; exit ${i}`) })),
    );
    expect(results.map(({ exit }) => exit.exitCode)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(traces()).toEqual([]);
  });
});
