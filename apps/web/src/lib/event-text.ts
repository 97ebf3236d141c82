import type { LiveEvent } from '@contract/realtime.ts';

export type EventSentence = { subject: string; verb: string; detail: string; kind: string };

const verbs = new Map([
  ['create', 'created'],
  ['start', 'started'],
  ['die', 'ended'],
  ['stop', 'stopped'],
  ['kill', 'was signalled'],
  ['destroy', 'removed'],
  ['remove', 'removed'],
  ['delete', 'removed'],
  ['pause', 'paused'],
  ['unpause', 'resumed'],
  ['restart', 'restarted'],
  ['rename', 'renamed'],
  ['oom', 'ran out of memory'],
  ['pull', 'pulled'],
  ['push', 'pushed'],
  ['tag', 'tagged'],
  ['untag', 'untagged'],
  ['load', 'loaded'],
  ['save', 'saved'],
  ['export', 'exported'],
  ['commit', 'committed'],
  ['archive-path', 'had files read'],
  ['extract-to-dir', 'had files written'],
  ['import', 'imported'],
  ['connect', 'connected'],
  ['disconnect', 'disconnected'],
  ['mount', 'mounted'],
  ['unmount', 'unmounted'],
  ['update', 'changed'],
  ['prune', 'pruned'],
  ['attach', 'attached'],
  ['detach', 'detached'],
  ['resize', 'resized'],
]);

/** What happened, in words: who, what, and the one detail that matters. */
export function eventSentence(event: LiveEvent): EventSentence {
  const { Type, Action, Actor } = event;
  const attributes = new Map(Object.entries(Actor.Attributes ?? {}));
  // An image without a tag has its digest for a name, too.
  const id = (attributes.get('name') || Actor.ID).replace(/^sha256:/, '');
  const subject = /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
  const [action = '', rest = ''] = Action.split(/:\s*/, 2);
  let detail = '';
  if (action === 'die') detail = `exit ${attributes.get('exitCode') ?? ''}`.trim();
  else if (action === 'kill') detail = attributes.get('signal') ? `signal ${attributes.get('signal')}` : '';
  else if (action === 'health_status') return { subject, verb: `is ${rest}`, detail: '', kind: Type };
  else if (action.startsWith('exec_')) return { subject, verb: action.replace('_', ' '), detail: rest, kind: Type };
  else if (Type === 'container' && action === 'create') detail = attributes.get('image') ?? '';
  else if (action === 'rename') detail = `from ${(attributes.get('oldName') ?? '').replace(/^\//, '')}`;
  else if (Type === 'network' && attributes.get('container')) detail = attributes.get('container')!.slice(0, 12);
  return { subject, verb: verbs.get(action) ?? action.replaceAll('_', ' '), detail, kind: Type };
}
