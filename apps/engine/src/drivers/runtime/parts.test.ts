import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { capabilitiesOfMask, capabilitySets, DEFAULT_CAPABILITIES, resolveCapabilities } from './capabilities.ts';
import { parseLimits } from './limits.ts';
import { fence, toOciSeccomp } from './seccomp.ts';
import { parsePs } from './top.ts';
import { parseGroup, parsePasswd, resolveUser } from './users.ts';
import { createError, execFailure, runtimeReason } from './words.ts';

describe('capabilities', () => {
  const available = capabilitiesOfMask('1fffeffffff');
  const none = { add: [], drop: [], privileged: false, available };

  test("Docker's default mask", () => {
    expect(capabilitiesOfMask('a80425fb').sort()).toEqual([...DEFAULT_CAPABILITIES].sort());
  });

  test('ALL is what this root has', () => {
    expect(resolveCapabilities({ ...none, add: ['ALL'] })).toEqual(available);
    expect(resolveCapabilities({ ...none, add: ['all'], drop: ['cap_chown'] })).not.toContain('CAP_CHOWN');
    expect(resolveCapabilities({ ...none, drop: ['ALL'], add: ['net_admin'] })).toEqual(['CAP_NET_ADMIN']);
    expect(resolveCapabilities({ ...none, privileged: true, drop: ['ALL'] })).toEqual(available);
  });

  test('another user than root has only the bound', () => {
    expect(capabilitySets(['CAP_CHOWN'], false)).toMatchObject({
      bounding: ['CAP_CHOWN'],
      effective: [],
      permitted: [],
    });
  });
});

describe('seccomp', () => {
  const on = { go: 'amd64', seccomp: 'SCMP_ARCH_X86_64', kernel: '6.1.0' };
  const text = (syscalls: unknown, more = {}) => JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls, ...more });
  const names = (syscalls: unknown, capabilities: string[] = []) =>
    toOciSeccomp(text(syscalls), capabilities, on).syscalls.flatMap((rule) => rule.names);
  const rule = (name: string, more = {}) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...more });

  test('rules by capability, architecture and kernel', () => {
    expect(names([rule('a', { includes: { caps: ['CAP_X'] } }), rule('b', { excludes: { caps: ['CAP_X'] } })])).toEqual(
      ['b'],
    );
    expect(
      names([rule('a', { includes: { caps: ['CAP_X'] } }), rule('b', { excludes: { caps: ['CAP_X'] } })], ['CAP_X']),
    ).toEqual(['a']);
    expect(
      names([rule('a', { includes: { arches: ['arm64'] } }), rule('b', { includes: { arches: ['amd64'] } })]),
    ).toEqual(['b']);
    expect(
      names([rule('a', { includes: { minKernel: '6.2' } }), rule('b', { includes: { minKernel: '4.8' } })]),
    ).toEqual(['b']);
  });

  test('architectures come from the map of this machine', () => {
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }];
    expect(toOciSeccomp(text([], { archMap }), [], on).architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  });

  test('the profile of Debian converts', () => {
    const debian = readFileSync('/usr/share/containers/seccomp.json', 'utf8');
    const profile = fence(toOciSeccomp(debian, [...DEFAULT_CAPABILITIES], on), DEFAULT_CAPABILITIES);
    const allowed = profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap((each) => each.names);
    expect(allowed).toContain('openat');
    for (const name of ['mount', 'unshare', 'setns', 'clone3', 'keyctl']) expect(allowed).not.toContain(name);
    expect(profile.syscalls.filter(({ names }) => names.includes('clone'))).toMatchObject([
      { args: [{ value: 0x7e020000 }] },
    ]);
    expect(profile.defaultErrnoRet).toBe(38);
  });

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"defaultAction":1}',
    text([null]),
    text([{ names: 'x', action: 'y' }]),
    text('x'),
  ])('nonsense is refused: %s', (profile) => {
    expect(() => toOciSeccomp(profile, [], on)).toThrow('decoding seccomp profile failed');
  });
});

describe('users', () => {
  const passwd = parsePasswd(
    Buffer.from('# c\nroot:x:0:0:r:/root:/bin/sh\nann:x:5:6::/a:\nbad\nx:y:z:w\n7:x:8:8::/seven:\n'),
  );
  const groups = parseGroup(Buffer.from('root:x:0:\nstaff:x:50:ann,bob\nvideo:x:44:ann\n'));
  const resolve = (spec: string, add: string[] = []) => resolveUser(spec, add, passwd, groups);

  test('empty is root', () => {
    expect(resolve('')).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/root' });
    expect(resolveUser('', [], [], [])).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/' });
  });

  test('by name with the groups it is in; with a group given without them', () => {
    expect(resolve('ann')).toEqual({ uid: 5, gid: 6, additionalGids: [6, 50, 44], home: '/a' });
    expect(resolve('ann:video')).toMatchObject({ gid: 44, additionalGids: [44] });
    expect(resolve('5')).toMatchObject({ uid: 5, gid: 6, home: '/a' });
  });

  test('a number nobody has is used as it is; a name of digits is a name first', () => {
    expect(resolve('1234:99')).toEqual({ uid: 1234, gid: 99, additionalGids: [99], home: '/' });
    expect(resolve('7')).toMatchObject({ uid: 8, home: '/seven' });
  });

  test('what cannot be found', () => {
    expect(() => resolve('nosuch')).toThrow('unable to find user nosuch: no matching entries in passwd file');
    expect(() => resolve('ann:nosuch')).toThrow('unable to find group nosuch: no matching entries in group file');
    expect(() => resolve('', ['nosuch'])).toThrow('Unable to find group nosuch: no matching entries in group file');
    expect(() => resolve('4294967296')).toThrow('uids and gids must be in range 0-2147483647');
    expect(() => resolve('-1')).toThrow('unable to find user -1');
  });
});

describe("the runtime's words", () => {
  test('the reason is the last line, unwrapped', () => {
    const text = 'time="2026" level=warning msg="w"\ntime="2026" level=error msg="exec: \\"x\\": not found"\n';
    expect(runtimeReason(text)).toBe('exec: "x": not found');
    expect(runtimeReason('')).toBe('no reason given');
  });

  test('exit codes of what cannot run', () => {
    const code = (text: string) => createError(text, undefined).details?.exitCode;
    expect(code('exec: "x": executable file not found in $PATH')).toBe(127);
    expect(code('exec: "/x": stat /x: no such file or directory')).toBe(127);
    expect(code('exec: "/etc": permission denied')).toBe(126);
    expect(code('error mounting "/a": not a directory')).toBe(126);
    expect(code('the kernel said no')).toBe(128);
    expect(createError('the kernel said no', undefined).code).toBe('internal');
    expect(execFailure('chdir to cwd ("/x") failed')).toMatchObject({ exitCode: 126 });
  });

  test("crun's words become runc's, which clients know", () => {
    const failed = (text: string, command: string) => execFailure(text, { args: [command] });
    expect(
      failed('2026-11-21T10:36:43.1Z: executable file `x` not found in $PATH: No such file or directory', 'x'),
    ).toEqual({
      message:
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "x": executable file not found in $PATH: unknown',
      exitCode: 127,
    });
    const painted =
      '\u001b[1;31m2026-11-21T10:36:43.1Z: \u001b[1;31m2026-11-21T10:36:43.2Z: open executable: Permission denied\u001b[0m\r\n';
    expect(failed(painted, '/etc/passwd').message).toContain('exec: "/etc/passwd": permission denied');
    const missing = createError("error stat'ing file `/nosuch`: No such file or directory", undefined);
    expect(missing.code).toBe('invalid_argument');
    expect(missing.message).toContain('stat /nosuch: no such file or directory');
    expect(createError('mount `/a` to `etc`: Not a directory', undefined).message).toContain('onto a file');
  });

  test('a file mounted on a directory gets the hint', () => {
    expect(createError('error mounting "/a" to "/b": not a directory', undefined).message).toMatch(
      /^failed to create task for container: failed to create shim task: OCI runtime create failed: .*: unknown: Are you trying to mount a directory onto a file/,
    );
  });
});

describe('ps', () => {
  const text = 'UID PID CMD\nroot 1 sh -c  a b\nroot 12 other\n';
  test('rows of the processes asked for, the last column whole', () => {
    expect(parsePs(text, new Set([1]))).toEqual({
      titles: ['UID', 'PID', 'CMD'],
      processes: [['root', '1', 'sh -c  a b']],
    });
  });
  test('without a PID column nothing can be told apart', () => {
    expect(() => parsePs('COMMAND\nx\n', new Set([1]))).toThrow("Couldn't find PID field in ps output");
  });
});

test('limits of a process', () => {
  const limits = parseLimits(
    'Limit  Soft  Hard  Units\nMax open files            1024                 20000                files\nMax core file size        0                    unlimited            bytes\n',
  );
  expect(limits.get('nofile')).toBe(20000);
  expect(limits.get('core')).toBe(Number.POSITIVE_INFINITY);
});
