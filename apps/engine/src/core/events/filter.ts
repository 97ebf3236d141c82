import type { EngineEvent } from './events.ts';

/** Filters that `GET /events` knows; those of nouns this engine does not have match no event. */
export const EVENT_FILTERS = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
] as const;

const ABSENT = ['config', 'node', 'plugin', 'secret', 'service'] as const;
/** Actions that carry a detail behind a colon and are asked for without it. */
const DETAILED = ['exec_create', 'exec_start', 'health_status'];

/** Name without its tag: `host:5000/a:1` → `host:5000/a`. Digests stay. */
function withoutTag(name: string): string {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') && !name.includes('@') ? name.slice(0, colon) : name;
}

function matchesAction(event: EngineEvent, wanted: readonly string[]): boolean {
  if (wanted.includes(event.action)) return true;
  const [word = ''] = event.action.split(':', 1);
  return DETAILED.includes(word) && wanted.includes(word);
}

function matchesImage(event: EngineEvent, wanted: readonly string[]): boolean {
  const name = event.actor.attributes[event.type === 'container' ? 'image' : 'name'] ?? '';
  const names = [event.actor.id, name, withoutTag(event.actor.id), withoutTag(name)];
  return wanted.some((each) => names.includes(each));
}

/** Ids and names match by their beginning, as in Docker. */
function matchesObject(event: EngineEvent, wanted: readonly string[]): boolean {
  const name = event.actor.attributes.name ?? '';
  return wanted.some((each) => event.actor.id.startsWith(each) || name.startsWith(each));
}

function matchesLabels(event: EngineEvent, wanted: readonly string[]): boolean {
  const attributes = new Map(Object.entries(event.actor.attributes));
  return wanted.every((each) => {
    const equals = each.indexOf('=');
    if (equals < 0) return attributes.has(each);
    return attributes.get(each.slice(0, equals)) === each.slice(equals + 1);
  });
}

/** Whether an event passes: every filter must, and a filter does when one of its values does (labels: all of them). */
export function createEventFilter(filters: ReadonlyMap<string, readonly string[]>): (event: EngineEvent) => boolean {
  const tests: ((event: EngineEvent) => boolean)[] = [];
  const add = (name: string, test: (event: EngineEvent, wanted: readonly string[]) => boolean): void => {
    const wanted = filters.get(name);
    if (wanted !== undefined && wanted.length > 0) tests.push((event) => test(event, wanted));
  };
  add('type', (event, wanted) => wanted.includes(event.type));
  add('event', matchesAction);
  add('scope', (_event, wanted) => wanted.includes('local'));
  add('container', matchesObject);
  add('network', matchesObject);
  add('volume', matchesObject);
  add('daemon', (event, wanted) => event.type === 'daemon' && matchesObject(event, wanted));
  add('image', matchesImage);
  add('label', matchesLabels);
  for (const name of ABSENT) add(name, () => false);
  return (event) => tests.every((test) => test(event));
}
