import { EngineError } from '#core/errors.ts';
import type { ImageLookup } from '#core/images/types.ts';
import type { ContainerNetworking } from '#core/networks/types.ts';
import { parseNano } from '#lib/time.ts';
import { parseTimestamp } from '#lib/timestamp.ts';
import type { Collection } from './collection.ts';
import type { ContainerRecord, ContainerStatus } from './types.ts';
import { parsePort } from './validate-config.ts';

/** Field → values, as in the `filters` of a query. */
export type Filters = ReadonlyMap<string, readonly string[]>;

type Test = (record: ContainerRecord) => boolean;
type Sources = { collection: Collection; images: ImageLookup; networking: Pick<ContainerNetworking, 'resolve'> };

const bad = (what: string): EngineError => new EngineError('invalid_argument', `invalid filter '${what}'`);
const STATUSES: readonly ContainerStatus[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];
const HEALTH = ['starting', 'healthy', 'unhealthy', 'none'];

/** Filters that ask for stopped containers too, whatever `all` says. */
const IMPLY_ALL = ['status', 'exited', 'before', 'since'];
export const impliesAll = (filters: Filters): boolean => IMPLY_ALL.some((field) => filters.has(field));

/** A test of all the filters; unknown fields and values are refused, never ignored. Values of one field are alternatives, except labels. */
export async function compileFilters(filters: Filters, sources: Sources): Promise<Test> {
  const tests: Test[] = [];
  for (const [field, values] of filters) {
    const compile = compilers.get(field);
    if (!compile) throw bad(field);
    if (values.length > 0) tests.push(await compile(values, sources));
  }
  return (record) => tests.every((test) => test(record));
}

type Compiler = (values: readonly string[], sources: Sources) => Test | Promise<Test>;

const compilers = new Map<string, Compiler>([
  [
    'id',
    (values) =>
      anyOf(
        values,
        (value) => textTest('id', value),
        (test) => (record) => test(record.id),
      ),
  ],
  [
    'name',
    (values) =>
      anyOf(
        values,
        (value) => textTest('name', value),
        (test) => (record) => test(record.name) || test(`/${record.name}`),
      ),
  ],
  ['label', (values) => labels(values)],
  ['label!', (values) => (record) => values.every((value) => !labels([value])(record))],
  [
    'exited',
    (values) => {
      const codes = new Set(values.map((value) => integer('exited', value)));
      return (record) => record.state.status === 'exited' && codes.has(record.state.exitCode);
    },
  ],
  [
    'status',
    (values) => {
      const wanted = new Set(values.map((value) => oneOf('status', value, STATUSES)));
      return (record) => wanted.has(record.state.status);
    },
  ],
  [
    'health',
    (values) => {
      const wanted = new Set(values.map((value) => oneOf('health', value, HEALTH)));
      return (record) => wanted.has(record.state.health?.Status ?? 'none');
    },
  ],
  ['ancestor', ancestor],
  [
    'before',
    (values, { collection }) => {
      const limits = values.map((value) => collection.resolve(value).created);
      return (record) => limits.every((limit) => record.created < limit);
    },
  ],
  [
    'since',
    (values, { collection }) => {
      const limits = values.map((value) => collection.resolve(value).created);
      return (record) => limits.every((limit) => record.created > limit);
    },
  ],
  [
    'volume',
    (values) => (record) =>
      record.mounts.some((mount) =>
        [mount.Name, mount.Source, mount.Destination].some((key) => key && values.includes(key)),
      ),
  ],
  [
    'network',
    (values, { networking }) => {
      const names = new Set(values.flatMap((value) => [value, networking.resolve(value)?.name ?? value]));
      return (record) =>
        Object.entries(record.networks).some(([name, settings]) => names.has(name) || names.has(settings.NetworkID));
    },
  ],
  [
    'publish',
    (values) => {
      const wanted = portSet('publish', values);
      return (record) =>
        Object.entries(record.ports).some(([port, bindings]) =>
          bindings.some(({ HostPort }) => wanted.has(`${HostPort}/${port.split('/')[1] ?? 'tcp'}`)),
        );
    },
  ],
  [
    'expose',
    (values) => {
      const wanted = portSet('expose', values);
      return (record) =>
        [...Object.keys(record.config.ExposedPorts ?? {}), ...Object.keys(record.hostConfig.PortBindings)].some(
          (port) => wanted.has(port.includes('/') ? port : `${port}/tcp`),
        );
    },
  ],
  [
    'isolation',
    (values) => {
      for (const value of values) oneOf('isolation', value, ['', 'default', 'process', 'hyperv']);
      return () => values.includes('') || values.includes('default');
    },
  ],
  [
    'is-task',
    (values) => {
      const wanted = values.map((value) => oneOf('is-task', value, ['true', '1', 'false', '0']));
      // There is no swarm: no container is a task.
      return () => wanted.includes('false') || wanted.includes('0');
    },
  ],
]);

function anyOf<T>(values: readonly string[], parse: (value: string) => T, test: (parsed: T) => Test): Test {
  const tests = values.map((value) => test(parse(value)));
  return (record) => tests.some((one) => one(record));
}

const LONGEST_PATTERN = 512;

/**
 * A regular expression, as in Docker; text that is none is compared. JavaScript's
 * engine backtracks where Go's does not, so a quantified group that repeats
 * inside itself is refused: it could hold the engine for ever.
 */
function textTest(field: string, value: string): (text: string) => boolean {
  if (value.length > LONGEST_PATTERN || /\([^)]*[*+{][^)]*\)\s*[*+{]/.test(value))
    throw bad(`${field}=${value.slice(0, 80)}`);
  let pattern: RegExp;
  try {
    pattern = new RegExp(value);
  } catch {
    return (text) => text === value;
  }
  return (text) => pattern.test(text);
}

function labels(values: readonly string[]): Test {
  return (record) =>
    values.every((wanted) => {
      const at = wanted.indexOf('=');
      const key = at < 0 ? wanted : wanted.slice(0, at);
      if (!Object.hasOwn(record.config.Labels, key)) return false;
      return at < 0 || record.config.Labels[key] === wanted.slice(at + 1);
    });
}

function integer(field: string, value: string): number {
  if (!/^-?\d{1,9}$/.test(value)) throw bad(`${field}=${value}`);
  return Number(value);
}

function oneOf<T extends string>(field: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw bad(`${field}=${value}`);
  return found;
}

function portSet(field: string, values: readonly string[]): Set<string> {
  return new Set(
    values.flatMap((value) => {
      try {
        const { ports, protocol } = parsePort(value);
        return ports.map((port) => `${port}/${protocol}`);
      } catch {
        throw bad(`${field}=${value}`);
      }
    }),
  );
}

/** Made from the image, or from one that was built on it. An unknown image has no descendants. */
async function ancestor(values: readonly string[], { images }: Sources): Promise<Test> {
  const ids = new Set<string>();
  for (const value of values) {
    try {
      ids.add((await images.resolve(value)).id);
    } catch {
      // Docker answers an empty list, not an error.
    }
  }
  return (record) => {
    const seen = new Set<string>();
    for (let id = record.imageId; id !== '' && !seen.has(id); id = images.byId(id)?.parent ?? '') {
      if (ids.has(id)) return true;
      seen.add(id);
    }
    return false;
  };
}

/** Filters of prune: labels and an age. Returns the containers' test. */
export function compilePruneFilters(filters: Filters, now: bigint): Test {
  const tests: Test[] = [];
  for (const [field, values] of filters) {
    if (field === 'label') tests.push(labels(values));
    else if (field === 'label!') tests.push((record) => values.every((value) => !labels([value])(record)));
    else if (field === 'until') {
      if (values.length > 1) throw new EngineError('invalid_argument', 'more than one until filter specified');
      const limit = parseTimestamp(values[0] ?? '', now);
      if (limit === null) throw bad(`until=${values[0]}`);
      tests.push((record) => (parseNano(record.created) ?? 0n) <= limit);
    } else throw bad(field);
  }
  return (record) => tests.every((test) => test(record));
}
