#!/usr/bin/env node
// The bootstrap behind `npm start` and `npm test`. Plain Node 20, no dependencies: it runs before anything is installed.
// Every step first looks whether it has something to do, so the second run takes seconds.
import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashFiles, report, step } from './progress.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CACHE = join(ROOT, '.cache');
/** The Node that runs Gantry: the one in its own dependencies, whatever the host has. */
const NODE = join(ROOT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');

/** What the engine runs: program (first that exists), Debian package, and what does not work without it. */
const PROGRAMS = [
  { paths: ['runc', 'crun'], package: 'runc', without: 'no container can be started' },
  { paths: ['conmon'], package: 'conmon', without: 'no container can be started' },
  { paths: ['nft'], package: 'nftables', without: 'no ports can be published and containers do not reach the outside' },
  {
    paths: ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns', 'aardvark-dns'],
    package: 'aardvark-dns',
    without: 'containers do not find one another by name',
  },
  { paths: ['xz'], package: 'xz-utils', without: 'images compressed with xz cannot be loaded' },
  { paths: ['bzip2'], package: 'bzip2', without: 'images compressed with bzip2 cannot be loaded' },
  { paths: ['ps'], package: 'procps', without: 'docker top does not work' },
  { paths: ['busybox'], package: 'busybox-static', without: 'there is no starter image' },
  {
    paths: ['catatonit', '/usr/libexec/podman/catatonit', 'tini', 'docker-init'],
    package: 'catatonit',
    without: 'docker run --init does not work',
  },
  {
    paths: ['/usr/share/containers/seccomp.json'],
    package: 'golang-github-containers-common',
    without: 'containers run without a seccomp profile only when asked to',
  },
];

/** What the tests run beside it. */
const TEST_PROGRAMS = [
  { paths: ['ip'], package: 'iproute2', without: 'the tests cannot play a second machine' },
  { paths: ['chromium', 'chromium-browser'], package: 'chromium', without: 'the browser tests cannot run' },
  { paths: ['docker'], package: 'docker.io', without: 'the tests with the docker CLI cannot run' },
  { paths: ['docker-compose'], package: 'docker-compose', without: 'the tests with docker-compose cannot run' },
  { paths: ['docker-registry', 'registry'], package: 'docker-registry', without: 'the registry tests cannot run' },
  { paths: ['htpasswd'], package: 'apache2-utils', without: 'the registry tests cannot run' },
  { paths: ['script'], package: 'bsdutils', without: 'the terminal tests of the docker CLI cannot run' },
  { paths: ['curl'], package: 'curl', without: 'the tests of published ports cannot run' },
];

function found(paths) {
  const directories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return paths.some((path) =>
    (path.startsWith('/') ? [path] : directories.map((directory) => join(directory, path))).some((candidate) => {
      try {
        accessSync(candidate, path.startsWith('/') ? constants.R_OK : constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

/** Runs a program, its output into a log file; rejects with the end of it. */
function run(file, args, { env = {}, name }) {
  mkdirSync(CACHE, { recursive: true });
  const log = join(CACHE, `${name}.log`);
  const sink = createWriteStream(log);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(sink, { end: false });
    child.stderr.pipe(sink, { end: false });
    child.on('error', reject);
    child.on('close', (code) => {
      sink.end(() => {
        if (code === 0) return resolve();
        const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
        reject(new Error(`${file} ${args.join(' ')} ended with ${code}:\n${tail}\n(the whole output: ${log})`));
      });
    });
  });
}

async function systemPackages(wanted) {
  const missing = wanted.filter((program) => !found(program.paths));
  if (missing.length === 0) return 'nothing missing';
  const packages = [...new Set(missing.map((program) => program.package))];
  const consequence = missing.map((program) => `  ${program.package}: without it ${program.without}`).join('\n');
  const command = `apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `These packages are missing and only root can install them:\n${consequence}\nRun as root: ${command}`,
    );
  }
  if (!found(['apt-get'])) {
    throw new Error(
      `These programs are missing and this is not a Debian or Ubuntu system, so they cannot be installed from here:\n${consequence}\n` +
        'Install the packages of the same names with your package manager, then run this again.',
    );
  }
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Sandbox::User=root', '-y'];
  const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  await run('apt-get', [...apt, 'update'], { name: 'apt-update', env }).catch((error) =>
    report(`  apt-get update: ${error.message.split('\n')[0]}`),
  );
  try {
    await run('apt-get', [...apt, 'install', '--no-install-recommends', ...packages], { name: 'apt-install', env });
  } catch (error) {
    throw new Error(
      `${error.message}\n\nInstall them by hand (${command}), then run this again. What needs them:\n${consequence}`,
    );
  }
  const still = wanted.filter((program) => !found(program.paths));
  if (still.length > 0)
    throw new Error(
      `After the installation these are still missing: ${still.map((program) => program.paths[0]).join(', ')}`,
    );
  return `installed ${packages.join(', ')}`;
}

async function npmPackages() {
  const stamp = join(ROOT, 'node_modules', '.gantry-lock');
  const hash = hashFiles(ROOT, [
    'package.json',
    'package-lock.json',
    'apps/engine/package.json',
    'apps/web/package.json',
  ]);
  if (existsSync(NODE) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return 'up to date';
  // No install scripts: everything native here ships its binary inside its package.
  // Not `npm ci`: it insists on lockfile entries for the optional packages of every platform, and a registry that lacks
  // some cannot have given them one. The versions and hashes of the lockfile hold all the same; nothing of it is rewritten.
  const flags = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...flags], { name: 'npm-install', env: { NODE_ENV: '' } });
  if (!existsSync(NODE))
    throw new Error(`npm installed no Node for this machine (linux ${process.arch}); x64 and arm64 are supported.`);
  writeFileSync(stamp, hash);
  return 'installed from the lockfile';
}

async function databaseClient() {
  const stamp = join(ROOT, 'apps/engine/src/drivers/db/generated/.schema');
  const hash = hashFiles(ROOT, ['prisma/schema.prisma', 'package-lock.json']);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return 'up to date';
  // The schema engine is a binary that would be downloaded; generating does not run it.
  const env = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' };
  await run(NODE, [join(ROOT, 'node_modules/prisma/build/index.js'), 'generate'], { name: 'prisma', env });
  writeFileSync(stamp, hash);
  return 'generated';
}

async function site() {
  const out = join(ROOT, 'apps/web/out');
  const stamp = join(out, '.source');
  const hash = hashFiles(
    ROOT,
    ['apps/web', 'apps/engine/contract', 'public', 'package-lock.json'],
    ['node_modules', '.next', 'out', 'public', 'next-env.d.ts'],
  );
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return 'up to date';
  await run(NODE, [join(ROOT, 'apps/web/copy-public.mjs')], { name: 'copy-public' });
  const next = join(ROOT, 'node_modules/next/dist/bin/next');
  await run(NODE, [next, 'build', join(ROOT, 'apps/web')], {
    name: 'next-build',
    env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
  });
  writeFileSync(stamp, hash);
  return 'built';
}

function checkMachine() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new Error(`Node ${process.versions.node} is too old to set Gantry up: install Node 20 or later.`);
  if (process.platform !== 'linux')
    throw new Error(
      `Gantry runs containers with the Linux kernel; this is ${process.platform}. Start it on a Linux machine.`,
    );
  if (process.getuid?.() !== 0)
    report(
      '  not root: the engine needs root to make namespaces, mounts and networks. Run it as root, for example: sudo npm start',
    );
  return `node ${process.versions.node}, ${process.arch}`;
}

async function setUp({ tests }) {
  const steps = [
    ['This machine', async () => checkMachine()],
    ['System packages', () => systemPackages(tests ? [...PROGRAMS, ...TEST_PROGRAMS] : PROGRAMS)],
    ['npm packages', npmPackages],
    ['Database client', databaseClient],
    ['Dashboard', site],
  ];
  for (const [index, [title, work]] of steps.entries()) await step(`${index + 1}/${steps.length} ${title}`, work);
}

/**
 * What keeps a long-lived engine small: compiled code (with the types already stripped) kept between starts, one heap
 * of the C library instead of one a thread, and a bound on V8's nursery, which otherwise keeps the size it had at boot.
 */
const SMALL = ['--max-semi-space-size=4'];
const SMALL_ENV = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/gantry'), MALLOC_ARENA_MAX: '1' };

/** Runs a program of ours in our place: same terminal, same signals, same exit code. */
function handOver(args, env = {}) {
  const child = spawn(NODE, args, { cwd: ROOT, stdio: 'inherit', env: { ...env, ...process.env } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

const [verb = 'start', ...rest] = process.argv.slice(2);
const ENGINE = join(ROOT, 'apps/engine/src/main.ts');
try {
  if (rest.includes('--help')) {
    if (!existsSync(NODE)) await setUp({ tests: false });
    handOver([ENGINE, '--help']);
  } else {
    await setUp({ tests: verb === 'test' });
    if (verb === 'start') handOver([...SMALL, ENGINE, ...rest], SMALL_ENV);
    else if (verb === 'test') handOver([join(ROOT, 'scripts/test.mjs'), ...rest]);
    // A script of ours, with the Node of ours.
    else if (verb === 'run') handOver(rest);
    else throw new Error(`there is no command "${verb}": start, test or run`);
  }
} catch (error) {
  report(`\nSet-up stopped: ${error.message}`);
  process.exitCode = 1;
}
