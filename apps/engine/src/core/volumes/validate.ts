import { EngineError } from '#core/errors.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** One path segment of at most 240 bytes (the directory has a prefix while it is removed) that no tool reads as an option. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const MAX_NAME = 240;
const MAX_OPTION = 4096;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/** security.md E16, in Docker's words. */
export function checkVolumeName(name: string): void {
  if (name.length === 1)
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  if (NAME.test(name) && name.length <= MAX_NAME) return;
  const shown = JSON.stringify(name.slice(0, MAX_NAME));
  throw invalid(
    `create ${name.slice(0, MAX_NAME)}: invalid volume name: ${shown} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

export function checkVolumeDriver(driver: string): void {
  if (driver === 'local') return;
  const name = CONTROL.test(driver) ? JSON.stringify(driver) : driver.slice(0, MAX_NAME);
  throw new EngineError('not_found', `error looking up volume plugin ${name}: plugin "${name}" not found`);
}

const OPTIONS = ['type', 'device', 'o'];

/** The options of Docker's local driver: those of mount(8). */
export function checkVolumeOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(options)) {
    if (!OPTIONS.includes(key)) throw invalid(`create ${name}: invalid option: ${JSON.stringify(key)}`);
    if (CONTROL.test(value) || value.length > MAX_OPTION)
      throw invalid(`create ${name}: invalid value of option ${key}`);
  }
  if (Object.keys(options).length === 0) return;
  if (!options.device) throw invalid(`create ${name}: missing device in volume options`);
  if (!options.type) throw invalid(`create ${name}: missing type in volume options`);
  if (!/^[a-zA-Z0-9_.-]+$/.test(options.type)) throw invalid(`create ${name}: invalid type in volume options`);
}
