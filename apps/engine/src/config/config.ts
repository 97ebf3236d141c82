import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * The engine's settings: argument over environment over file over default. The
 * file is JSON with the same keys (`--config`, `GANTRY_CONFIG`, or
 * /etc/gantry/gantry.json when it exists). This is the one place that reads the
 * environment.
 */
export type Config = Readonly<{
  dataRoot: string;
  runDir: string;
  /** Six hexadecimal digits of the data root's SHA-256: keeps two instances apart. */
  instance: string;
  host: string;
  port: number;
  socket: string;
  socketGroup: string;
  publicUrl: string;
  allowedHosts: readonly string[];
  allowRemote: boolean;
  trustProxy: readonly string[];
  runtime: 'auto' | 'runc' | 'crun';
  seccompProfile: string;
  insecureRegistries: readonly string[];
  buildPrivateAddresses: boolean;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
}>;

export type SettingSource = 'default' | 'file' | 'environment' | 'argument';
export type SettingInfo = { key: string; value: unknown; source: SettingSource; help: string };

type Field = {
  default: string | number | boolean | readonly string[];
  help: string;
  check?: (value: never) => string | null;
};

const oneOf =
  (...words: string[]) =>
  (value: string): string | null =>
    words.includes(value) ? null : `must be one of ${words.join(', ')}`;
const absolute = (value: string): string | null => (value.startsWith('/') ? null : 'must be an absolute path');

/** Every setting with its default and what it is for; an empty default is computed from others. */
export const FIELDS = {
  dataRoot: { default: '/var/lib/gantry', help: 'Images, containers, volumes and the database.', check: absolute },
  runDir: { default: '', help: 'Run-time state that a reboot clears. Default: /run/gantry/<instance>.' },
  host: { default: '127.0.0.1', help: 'Address the dashboard and the API listen on.' },
  port: {
    default: 4860,
    help: 'TCP port of the dashboard and the API; 0 takes a free one.',
    check: (value: number) => (Number.isInteger(value) && value >= 0 && value <= 65535 ? null : 'must be 0 to 65535'),
  },
  socket: {
    default: '',
    help: 'Docker API socket. Default: /run/gantry/docker.sock; <runDir>/docker.sock with another data root.',
  },
  socketGroup: { default: 'docker', help: 'Group that may use the socket, when it exists.' },
  publicUrl: { default: '', help: 'Address people use, when a proxy stands in front: https://gantry.example.org.' },
  allowedHosts: { default: [], help: 'Further Host names the TCP port answers to.' },
  allowRemote: {
    default: false,
    help: 'Serve plain HTTP on an address that is not loopback. Put TLS in front instead.',
  },
  trustProxy: { default: [], help: 'Addresses of proxies whose X-Forwarded-For is believed.' },
  runtime: { default: 'auto', help: 'OCI runtime: auto, runc or crun.', check: oneOf('auto', 'runc', 'crun') },
  seccompProfile: { default: '/usr/share/containers/seccomp.json', help: 'Default seccomp profile.', check: absolute },
  insecureRegistries: { default: [], help: 'Registries spoken to over plain HTTP; loopback always is.' },
  buildPrivateAddresses: {
    default: false,
    help: 'Let ADD and remote build contexts fetch from this machine and private networks.',
  },
  logLevel: { default: 'info', help: 'debug, info, warn or error.', check: oneOf('debug', 'info', 'warn', 'error') },
} satisfies Record<string, Field>;

type Key = keyof typeof FIELDS;
const KEYS = Object.keys(FIELDS) as Key[];

/** `dataRoot` → `data-root` and `GANTRY_DATA_ROOT`. */
const flagOf = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const envOf = (key: string): string => `GANTRY_${flagOf(key).replaceAll('-', '_').toUpperCase()}`;

/** A setting that cannot be used; the message names the setting, its source and what is expected. */
export class ConfigError extends Error {}

export function loadConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): { config: Config; settings: SettingInfo[] } {
  const args = readArguments(argv);
  const file = readFile(args.config ?? env.GANTRY_CONFIG);
  const settings = KEYS.map((key): SettingInfo => {
    const [raw, source] = pick(key, args, env, file);
    const value = convert(key, raw, source);
    return { key, value, source, help: FIELDS[key].help };
  });
  const values = new Map(settings.map((setting) => [setting.key, setting]));
  const dataRoot = resolve(String(values.get('dataRoot')?.value));
  const instance = createHash('sha256').update(dataRoot).digest('hex').slice(0, 6);
  const fill = (key: Key, value: string): void => {
    const setting = values.get(key);
    if (setting?.value === '') setting.value = value;
  };
  fill('runDir', `/run/gantry/${instance}`);
  // The one instance with the default data root has a socket whose path can be written into profiles and units.
  fill(
    'socket',
    dataRoot === FIELDS.dataRoot.default ? '/run/gantry/docker.sock' : `${values.get('runDir')?.value}/docker.sock`,
  );
  const flat = Object.fromEntries(settings.map((setting) => [setting.key, setting.value]));
  return { config: Object.freeze({ ...flat, dataRoot, instance }) as unknown as Config, settings };
}

function readArguments(argv: readonly string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(
    [...KEYS.map(flagOf), 'config'].map((flag) => [flag, { type: 'string' as const }]),
  );
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values as Record<
      string,
      string
    >;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}\n\n${usage()}`);
  }
}

function readFile(path: string | undefined): Map<string, unknown> {
  const file = path ?? '/etc/gantry/gantry.json';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw new ConfigError(`cannot read the settings file ${file}: ${(error as Error).message}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`the settings file ${file} is not JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError(`the settings file ${file} must hold one JSON object`);
  }
  const entries = Object.entries(parsed);
  const unknown = entries.find(([key]) => !KEYS.includes(key as Key));
  if (unknown) throw new ConfigError(`the settings file ${file} has an unknown setting "${unknown[0]}"`);
  return new Map(entries);
}

function pick(
  key: Key,
  args: Record<string, string | undefined>,
  env: Readonly<Record<string, string | undefined>>,
  file: Map<string, unknown>,
): [unknown, SettingSource] {
  const argument = args[flagOf(key)];
  if (argument !== undefined) return [argument, 'argument'];
  const variable = env[envOf(key)];
  if (variable !== undefined && variable !== '') return [variable, 'environment'];
  if (file.has(key)) return [file.get(key), 'file'];
  return [FIELDS[key].default, 'default'];
}

function convert(key: Key, raw: unknown, source: SettingSource): unknown {
  const field: Field = FIELDS[key];
  const fail = (why: string): never => {
    const name = source === 'argument' ? `--${flagOf(key)}` : source === 'environment' ? envOf(key) : `"${key}"`;
    throw new ConfigError(`${name} ${why} (it is ${JSON.stringify(raw)})`);
  };
  let value: unknown = raw;
  if (typeof field.default === 'number' && typeof raw === 'string')
    value = raw.trim() === '' ? Number.NaN : Number(raw);
  else if (typeof field.default === 'boolean' && typeof raw === 'string') {
    value =
      raw === 'true' || raw === '1' ? true : raw === 'false' || raw === '0' ? false : fail('must be true or false');
  } else if (Array.isArray(field.default) && typeof raw === 'string') {
    value = raw
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
  }
  if (Array.isArray(field.default)) {
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) fail('must be a list of strings');
  } else if (typeof value !== typeof field.default) fail(`must be a ${typeof field.default}`);
  const problem = field.check?.(value as never);
  if (problem) fail(problem);
  return value;
}

/** The text of `--help`. */
export function usage(): string {
  const rows = KEYS.map((key) => {
    const fallback = FIELDS[key].default;
    const shown = Array.isArray(fallback) ? fallback.join(',') : String(fallback);
    return `  --${flagOf(key).padEnd(26)}${FIELDS[key].help}${shown === '' ? '' : ` [${shown}]`}`;
  });
  return [
    'Usage: npm start -- [options]',
    '',
    ...rows,
    `  --${'config'.padEnd(26)}Settings file, JSON with the same names in camelCase.`,
  ].join('\n');
}
