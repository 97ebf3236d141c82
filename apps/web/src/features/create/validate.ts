import { parseSize } from '../../lib/format.ts';
import { create } from '../../lib/strings/create.ts';
import type { FormErrors, MountRow, PortRow, RunForm } from './model.ts';
import { splitWords } from './words.ts';

const text = create.errors;
const IMAGE = /^[a-zA-Z0-9][\w.:/-]*(@sha256:[0-9a-f]{64})?$/;
const IMAGE_ID = /^(sha256:)?[0-9a-f]{12,64}$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
/** The least the engine takes. */
const LEAST_MEMORY = 6 * 1024 * 1024;

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535;
}

function isAddress(value: string): boolean {
  if (IPV4.test(value)) return true;
  return value.includes(':') && /^[0-9a-fA-F:.]+$/.test(value) && URL.canParse(`http://[${value}]/`);
}

function validatePorts(rows: PortRow[], errors: FormErrors): void {
  const taken = new Set<string>();
  for (const row of rows) {
    if (!isPort(row.containerPort)) errors[`ports.${row.id}.containerPort`] = text.port;
    if (row.hostIp && !isAddress(row.hostIp)) errors[`ports.${row.id}.hostIp`] = text.hostIp;
    if (!row.hostPort) continue;
    const key = `${row.hostIp} ${row.hostPort} ${row.protocol}`;
    if (!isPort(row.hostPort)) errors[`ports.${row.id}.hostPort`] = text.port;
    else if (taken.has(key)) errors[`ports.${row.id}.hostPort`] = text.portTwice;
    taken.add(key);
  }
}

function validateMounts(rows: MountRow[], errors: FormErrors): void {
  const targets = new Set<string>();
  for (const row of rows) {
    const target = row.target.replace(/\/+$/, '');
    if (!row.target.startsWith('/') || !target) errors[`mounts.${row.id}.target`] = text.mountTarget;
    else if (targets.has(target)) errors[`mounts.${row.id}.target`] = text.mountTargetTwice;
    targets.add(target);
    if (row.type === 'bind' && !row.source.startsWith('/')) errors[`mounts.${row.id}.source`] = text.bindSource;
    if (row.type === 'volume' && !NAME.test(row.source)) errors[`mounts.${row.id}.source`] = text.volumeSource;
  }
}

/** What can be told before asking the engine, by field. */
export function validate(form: RunForm): FormErrors {
  const errors: FormErrors = {};
  const image = form.image.trim();
  if (!image) errors.image = text.image;
  else if (!IMAGE.test(image) && !IMAGE_ID.test(image)) errors.image = text.imageForm;
  if (form.name && (!NAME.test(form.name) || form.name.length > 128)) errors.name = text.name;
  if (splitWords(form.command) === null) errors.command = text.command;
  for (const row of form.env) if (!/^[^=\s]+$/.test(row.key)) errors[`env.${row.id}.key`] = text.envKey;
  validatePorts(form.ports, errors);
  validateMounts(form.mounts, errors);
  if (form.memory && (parseSize(form.memory) ?? 0) < LEAST_MEMORY) errors.memory = text.memory;
  if (form.cpus && (!/^\d*\.?\d+$/.test(form.cpus) || Number(form.cpus) < 0.01)) errors.cpus = text.cpus;
  if (form.autoRemove && form.restart !== 'no') errors.restart = text.autoRemove;
  return errors;
}

/** The field an error of the engine belongs to, by what it talks of; null when it belongs to none. */
export function placeOf(message: string): string | null {
  if (/container name .* is already in use/i.test(message)) return 'name';
  if (/port is already allocated|address already in use|cannot assign requested address|Bind for /i.test(message))
    return 'ports';
  if (/no such image|pull access denied|manifest unknown|invalid reference format/i.test(message)) return 'image';
  if (/mount|bind source|volume/i.test(message)) return 'mounts';
  if (/network .*not found|network mode/i.test(message)) return 'network';
  if (/memory/i.test(message)) return 'memory';
  if (/cpu/i.test(message)) return 'cpus';
  if (/exec(utable file)?.*(not found|no such file)|no command specified/i.test(message)) return 'command';
  return null;
}

/** The short form of an engine's error at its field; the whole stands beside the button. */
export function shortOf(field: string, message: string): string {
  if (field === 'name') return text.nameTaken;
  if (field === 'ports') return text.portTaken;
  return field === 'command' ? text.commandMissing : message;
}
