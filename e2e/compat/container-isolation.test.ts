import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, connectApi, type Outcome } from '../support/api.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

// Namespaces, security and mounts of HostConfig, by what the process sees and by the host's own /proc.

const Image = 'gantry/busybox:latest';
const execute = promisify(execFile);
let engine: TestEngine;
let api: Api;
let directory: string;

beforeAll(async () => {
  engine = await startEngine();
  api = connectApi(() => engine.socket);
  directory = await mkdtemp(join(tmpdir(), 'gantry-isolation-'));
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  for (const below of ['tree/below', 'shared'])
    await execute('umount', [join(directory, below)]).catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
});

const sh = (script: string, HostConfig: Record<string, unknown> = {}, config = {}): Promise<Outcome> =>
  api.run({ Image, Cmd: ['sh', '-c', script], ...config, HostConfig });
const refused = async (HostConfig: Record<string, unknown>, config = {}): Promise<string> => {
  const { status, body } = await api.call('POST', '/containers/create', {
    Image,
    Cmd: ['true'],
    ...config,
    HostConfig,
  });
  expect({ HostConfig, config, status }).toEqual({ HostConfig, config, status: 400 });
  return body.message;
};

describe('namespaces', () => {
  test.each([
    ['PidMode', 'pid'],
    ['IpcMode', 'ipc'],
    ['UTSMode', 'uts'],
    ['NetworkMode', 'net'],
    ['CgroupnsMode', 'cgroup'],
  ])('%s host is the host’s, private is not', async (field, kind) => {
    const show = `readlink /proc/self/ns/${kind}`;
    const host = await readlink(`/proc/self/ns/${kind}`);
    expect((await sh(show, { [field]: 'host' })).output).toBe(host);
    const mode = field === 'NetworkMode' ? 'none' : 'private';
    expect((await sh(show, { [field]: mode })).output).not.toBe(host);
  });

  test('container: joins another one’s pid and ipc; shareable memory is shared', async () => {
    const other = await api.start({ Image, Cmd: ['sleep', '60'], HostConfig: { IpcMode: 'shareable' } });
    try {
      await api.exec(other, ['sh', '-c', 'echo shared > /dev/shm/x']);
      const mode = `container:${other}`;
      const { output } = await sh('cat /dev/shm/x; tr "\\0" " " < /proc/1/cmdline', { PidMode: mode, IpcMode: mode });
      expect(output).toMatch(/^shared\nsleep 60$/);
    } finally {
      await api.call('DELETE', `/containers/${other}?force=1`);
    }
    expect((await sh('test -e /dev/shm || echo without', { IpcMode: 'none' })).output).toBe('without');
  });
});

describe('security', () => {
  test('the default is a filter, no new privileges on request, unconfined on request', async () => {
    const show = 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status';
    expect((await sh(show)).output).toMatch(/NoNewPrivs:\s+0\nSeccomp:\s+2/);
    expect((await sh(show, { SecurityOpt: ['no-new-privileges'] })).output).toMatch(/NoNewPrivs:\s+1/);
    expect((await sh(show, { SecurityOpt: ['no-new-privileges=false'] })).output).toMatch(/NoNewPrivs:\s+0/);
    expect((await sh(show, { SecurityOpt: ['seccomp=unconfined'] })).output).toMatch(/Seccomp:\s+0/);
  });

  test('a profile given inline is in force, as the CLI sends a file’s content', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    };
    const file = join(directory, 'profile.json');
    await writeFile(file, JSON.stringify(profile));
    const { output } = await sh('mkdir /x 2>&1; touch /y && echo touched', {
      SecurityOpt: [`seccomp=${JSON.stringify(profile)}`],
    });
    expect(output).toMatch(/Operation not permitted\ntouched$/);
    const cli = await engine.docker(
      'run',
      '--rm',
      '--security-opt',
      `seccomp=${file}`,
      Image,
      'sh',
      '-c',
      'mkdir /x 2>&1; true',
    );
    expect(cli).toContain('Operation not permitted');
  });

  test('a profile is never a path on this host, an AppArmor profile never a promise', async () => {
    expect(await refused({ SecurityOpt: ['seccomp=/etc/passwd'] })).toMatch(/seccomp/i);
    expect(await refused({ SecurityOpt: ['nosuch=1'] })).toContain('nosuch=1');
    const enabled = (await readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => 'N')).startsWith(
      'Y',
    );
    if (!enabled) expect(await refused({ SecurityOpt: ['apparmor=docker-default'] })).toMatch(/AppArmor/);
    expect((await sh('echo runs', { SecurityOpt: ['apparmor=unconfined', 'label=disable'] })).output).toBe('runs');
    expect((await sh('true', { SecurityOpt: ['label=type:svirt_t'] })).warnings.join()).toMatch(/SELinux/);
  });

  test('MaskedPaths and ReadonlyPaths: the standard ones, own ones, none by systempaths=unconfined', async () => {
    const show =
      'head -c 1 /proc/kcore 2>/dev/null | wc -c; (echo 0 > /proc/sys/net/ipv4/ip_forward) 2>&1 | grep -c Read-only; true';
    expect((await sh(show)).output).toBe('0\n1');
    const none = { MaskedPaths: [], ReadonlyPaths: [], CapAdd: ['NET_ADMIN'] };
    expect((await sh('(echo 1 > /proc/sys/net/ipv4/ip_forward) && echo writable', none)).output).toBe('writable');
    const own = { MaskedPaths: ['/etc/passwd'], ReadonlyPaths: ['/etc'] };
    expect((await sh('cat /etc/passwd; touch /etc/x 2>&1', own)).output).toMatch(/^touch: .*Read-only/);
    const args = ['run', '--rm', '--security-opt', 'systempaths=unconfined', Image, 'sh', '-c', show];
    expect((await engine.docker(...args)).trim()).toMatch(/0$/);
  });

  test('ReadonlyRootfs with a tmpfs to write to', async () => {
    const script = 'touch /x 2>&1; touch /run/x && echo ok; mount | grep " /run "';
    const { output } = await sh(script, { ReadonlyRootfs: true, Tmpfs: { '/run': 'size=1m,mode=700,exec' } });
    expect(output).toMatch(/Read-only file system\nok\n.*size=1024k,mode=700/);
    expect(output).not.toContain('noexec');
  });

  test('GroupAdd by name and number; Init is pid 1; Annotations, Runtime and CgroupParent', async () => {
    expect((await sh('id -G', { GroupAdd: ['4321', '0'] })).output.split(' ')).toContain('4321');
    expect(await sh('true', { GroupAdd: ['nosuchgroup'] }).catch(String)).toContain('nosuchgroup');
    const init = await sh('cat /proc/1/comm; cat /proc/self/comm', { Init: true });
    expect(init.output).toMatch(/^(docker-init|tini.*|catatonit)\ncat$/);
    const HostConfig = { Annotations: { 'x.y': 'z' }, CgroupParent: 'mine' };
    const id = await api.start({ Image, Cmd: ['sleep', '60'], HostConfig });
    const { body } = await api.call('GET', `/containers/${id}/json`);
    expect(body.HostConfig.Annotations).toEqual({ 'x.y': 'z' });
    expect(await readFile(`/proc/${body.State.Pid}/cgroup`, 'utf8')).toMatch(/gantry-[0-9a-f]+\/mine\//);
    await api.call('DELETE', `/containers/${id}?force=1`);
  });

  test('a log option without effect is a warning, an unknown one an error', async () => {
    const log = (Config: Record<string, string>) => ({ LogConfig: { Type: 'json-file', Config } });
    expect((await sh('true', log({ 'max-size': '1m', labels: 'a' }))).warnings).toEqual([]);
    expect((await sh('true', log({ tag: '{{.Name}}', mode: 'blocking' }))).warnings).toEqual([
      expect.stringContaining('tag'),
    ]);
    expect(await refused(log({ nosuch: '1' }))).toContain('nosuch');
  });

  test('what this engine cannot do is refused with its name', async () => {
    expect(await refused({ StorageOpt: { size: '1G' } })).toContain('storage-opt');
    expect(await refused({ DeviceRequests: [{ Driver: 'nvidia', Count: -1, Capabilities: [['gpu']] }] })).toContain(
      'nvidia',
    );
    expect(await refused({ UsernsMode: 'remap' })).toContain('remap');
    expect(await refused({ Isolation: 'hyperv' })).toContain('hyperv');
    expect(await refused({ CpuCount: 2 })).toContain('CpuCount');
    expect(await refused({ IOMaximumBandwidth: 2 })).toContain('IOMaximumBandwidth');
    expect(await refused({ KernelMemory: 1 << 24 })).toContain('KernelMemory');
    expect(await refused({ KernelMemoryTCP: 1 << 24 })).toContain('KernelMemoryTCP');
    expect(await refused({ Runtime: 'nosuch' })).toContain('nosuch');
    expect(await refused({ VolumeDriver: 'nosuch', Binds: ['vol:/v'] })).toContain('nosuch');
    expect(await refused({ LogConfig: { Type: 'syslog' } })).toContain('syslog');
    const endpoint = (settings: object) => ({ NetworkingConfig: { EndpointsConfig: { bridge: settings } } });
    expect(await refused({}, endpoint({ IPAMConfig: { LinkLocalIPs: ['169.254.1.1'] } }))).toContain('169.254.1.1');
    expect(await refused({}, endpoint({ DriverOpts: { 'x.y': '1' } }))).toContain('x.y');
    expect(await refused({}, endpoint({ IPAMConfig: { IPv6Address: 'fd00::1' } }))).toMatch(/address/i);
    const { status } = await api.call('POST', '/containers/create', {
      Image,
      HostConfig: { Mounts: [{ Type: 'image', Source: Image, Target: '/i' }] },
    });
    expect(status).toBe(501);
  });
});

describe('mounts', () => {
  test('binds: ro, propagation, z ignored, a missing source is made; mode nonsense is refused', async () => {
    const shared = join(directory, 'shared');
    await mkdir(shared);
    await execute('mount', ['-t', 'tmpfs', 'tmpfs', shared]);
    await execute('mount', ['--make-shared', shared]);
    const Binds = [`${shared}:/a:rslave`, `${shared}/made:/b:ro,z`, `${shared}/made:/c:rw,Z`, `${shared}:/d:rshared`];
    const { output } = await sh('touch /a/made/x; touch /b/y 2>&1; ls /c; grep -E " /[ad] " /proc/self/mountinfo', {
      Binds,
    });
    expect(output).toMatch(/Read-only file system\nx\n.* \/a .* master:\d+ .*\n.* \/d .* shared:\d+ /);
    expect(await refused({ Binds: ['/tmp:/x:nosuch'] })).toContain('nosuch');
  });

  test('read-only binds are so with all mounts below them, or only on top when asked', async () => {
    const tree = join(directory, 'tree');
    await mkdir(join(tree, 'below'), { recursive: true });
    await execute('mount', ['-t', 'tmpfs', 'tmpfs', join(tree, 'below')]);
    const script = 'touch /t/x 2>&1; touch /t/below/x 2>&1 && echo wrote';
    const mount = (BindOptions: object) => ({
      Mounts: [{ Type: 'bind', Source: tree, Target: '/t', ReadOnly: true, BindOptions }],
    });
    expect((await sh(script, { Binds: [`${tree}:/t:ro`] })).output.match(/Read-only/g)?.length).toBe(2);
    expect((await sh(script, mount({ ReadOnlyForceRecursive: true }))).output.match(/Read-only/g)?.length).toBe(2);
    expect((await sh(script, mount({ ReadOnlyNonRecursive: true }))).output).toMatch(/Read-only file system\nwrote$/);
    const only = await sh('ls -A /t/below | wc -l; grep -c " /t/below " /proc/mounts', mount({ NonRecursive: true }));
    expect(only.output).toBe('0\n0');
  });

  test('a bind of what is missing: Mounts refuse it, CreateMountpoint makes it', async () => {
    const missing = { Type: 'bind', Source: join(directory, 'later'), Target: '/l' };
    expect(await refused({ Mounts: [missing] })).toContain('bind source path does not exist');
    const made = { ...missing, BindOptions: { CreateMountpoint: true } };
    expect((await sh('ls -d /l', { Mounts: [made] })).output).toBe('/l');
  });

  test('a volume: labels, copy-up and nocopy, subpath of a directory and of a file', async () => {
    const volume = (VolumeOptions: object, Target = '/etc') => ({
      Type: 'volume',
      Source: 'parts',
      Target,
      VolumeOptions,
    });
    const first = await sh(
      'cat /etc/passwd | head -1; mkdir -p /etc/a/b; echo deep > /etc/a/b/f; ln -s /etc/passwd /etc/out',
      {
        Mounts: [volume({ Labels: { of: 'test' } })],
      },
    );
    expect(first.output).toMatch(/^root:/);
    expect((await api.call('GET', '/volumes/parts')).body.Labels).toEqual({ of: 'test' });
    const see = await sh('cat /p/f; cat /file; touch /p/new; grep -c " /p " /proc/mounts', {
      Mounts: [volume({ Subpath: 'a/b' }, '/p'), volume({ Subpath: 'a/b/f' }, '/file')],
    });
    expect(see.output).toBe('deep\ndeep\n1');
    expect((await sh('ls /v/a/b', { Binds: ['parts:/v'] })).output).toBe('f\nnew');
    expect(await refused({ Mounts: [volume({ Subpath: '../x' })] })).toContain('subpath');
    expect(await sh('true', { Mounts: [volume({ Subpath: 'nosuch' })] }).catch(String)).toContain('nosuch');
    expect((await sh('ls -A /etc2 | wc -l', { Binds: ['fresh:/etc2'] })).output).toBe('0');
    const bare = { Type: 'volume', Source: 'bare', Target: '/etc', VolumeOptions: { NoCopy: true } };
    expect((await sh('test -e /etc/passwd || echo bare', { Mounts: [bare] })).output).toBe('bare');
    for (const name of ['parts', 'fresh', 'bare'])
      expect((await api.call('DELETE', `/volumes/${name}`)).status).toBe(204);
  });

  test('a link inside a volume leads a subpath nowhere else', async () => {
    await sh('ln -s /etc /v/link; ln -s ../../../../../../etc /v/up', { Binds: ['links:/v'] });
    const mount = (Subpath: string) => ({
      Mounts: [{ Type: 'volume', Source: 'links', Target: '/h', VolumeOptions: { Subpath } }],
    });
    for (const name of ['link', 'up', 'link/hostname']) {
      expect(await sh('cat /h/hostname', mount(name)).catch(String)).toContain('no such file');
    }
    expect((await api.call('DELETE', '/volumes/links')).status).toBe(204);
  });

  test('tmpfs with size and mode; volumes-from with its mode; duplicates refused', async () => {
    const tmpfs = {
      Type: 'tmpfs',
      Target: '/t',
      TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o1700, Options: [['uid', '7']] },
    };
    expect((await sh('mount | grep " /t "', { Mounts: [tmpfs] })).output).toMatch(/size=1024k,mode=1700,uid=7/);
    const giver = await api.start({ Image, Cmd: ['sleep', '60'], HostConfig: { Binds: ['given:/g'] } });
    const { output } = await sh('touch /g/x 2>&1', { VolumesFrom: [`${giver}:ro`] });
    expect(output).toContain('Read-only');
    await api.call('DELETE', `/containers/${giver}?force=1`);
    await api.call('DELETE', '/volumes/given');
    expect(await refused({ Binds: ['/tmp:/x', '/var:/x'] })).toContain('Duplicate mount point: /x');
  });
});

describe('names', () => {
  test('Dns, DnsSearch, DnsOptions and ExtraHosts are in the files', async () => {
    const { output } = await sh('cat /etc/resolv.conf; cat /etc/hosts', {
      Dns: ['9.9.9.9'],
      DnsSearch: ['x.test'],
      DnsOptions: ['ndots:3'],
      ExtraHosts: ['one:1.2.3.4', 'six:2001:db8::1', 'gate:host-gateway'],
    });
    const { body } = await api.call('GET', '/networks/bridge');
    for (const line of ['nameserver 9.9.9.9', 'search x.test', 'options ndots:3', '1.2.3.4\tone', '2001:db8::1\tsix'])
      expect(output).toContain(line);
    expect(output).toContain(`${body.IPAM.Config[0].Gateway}\tgate`);
  });
});
