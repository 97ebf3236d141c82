import { EngineError } from '#core/errors.ts';
import { parseSignal } from './signals.ts';
import type { ContainerConfig } from './types.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** What may stand in a file of the container (hosts, resolv.conf, hostname) or on its command line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
export const hasControl = (text: string): boolean => /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text);

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** One directory entry at most, as the name is one in places. */
const NAME_MAX = 255;

export function validateName(given: string): string {
  const name = given.startsWith('/') ? given.slice(1) : given;
  if (!NAME.test(name)) {
    throw invalid(`Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  if (name.length > NAME_MAX) throw invalid(`Invalid container name: longer than ${NAME_MAX} characters`);
  return name;
}

export function validateConfig(config: ContainerConfig): void {
  for (const [field, value, max] of [
    ['hostname', config.Hostname, 64],
    ['domain name', config.Domainname, 64],
    ['user', config.User, 255],
  ] as const) {
    if (hasControl(value) || /\s/.test(value)) throw invalid(`invalid ${field} format: ${JSON.stringify(value)}`);
    if (value.length > max) throw invalid(`invalid ${field}: longer than ${max} characters`);
  }
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const text of [config.WorkingDir, ...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]) {
    if (text.includes('\0')) throw invalid('invalid argument: a command must not contain a NUL character');
  }
  for (const entry of config.Env) {
    if (entry === '' || entry.startsWith('=') || entry.includes('\0')) {
      throw invalid(`invalid environment variable: ${entry.replaceAll('\0', '\\0')}`);
    }
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.StopTimeout !== undefined && config.StopTimeout < -1) {
    throw invalid(`invalid stop timeout ${config.StopTimeout}: use -1 to wait for ever`);
  }
  for (const port of Object.keys(config.ExposedPorts ?? {})) assertPort(port);
  for (const path of Object.keys(config.Volumes ?? {})) {
    if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`);
  }
  validateHealthcheck(config);
}

/** `80/tcp`, `80`, `53/udp`; also a range, which becomes all of its ports. */
export function parsePort(text: string): { ports: number[]; protocol: string } {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-zA-Z]+))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (!match || to < from || to > 65535 || from < 1)
    throw invalid(`invalid port specification: ${JSON.stringify(text)}`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw invalid(`invalid proto: ${match[3]}`);
  const ports: number[] = [];
  for (let port = from; port <= to; port++) ports.push(port);
  return { ports, protocol };
}

/** One port: ranges are spelled out by clients, and by the builder. */
export function assertPort(text: string): void {
  if (parsePort(text).ports.length !== 1) throw invalid(`invalid port specification: ${JSON.stringify(text)}`);
}

/** Nanoseconds; below it a probe would only measure itself. */
const MIN_HEALTH_DURATION = 1_000_000;

function validateHealthcheck(config: ContainerConfig): void {
  const check = config.Healthcheck;
  if (!check) return;
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = check[field] ?? 0;
    if (value !== 0 && value < MIN_HEALTH_DURATION) throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((check.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
  const [kind, ...rest] = check.Test ?? [];
  if (kind === undefined || kind === '' || kind === 'NONE') return;
  if (kind !== 'CMD' && kind !== 'CMD-SHELL') throw invalid(`Unknown healthcheck type: ${JSON.stringify(kind)}`);
  if (rest.length === 0) throw invalid(`missing command in healthcheck of type ${kind}`);
}
