import type { EngineEvent } from '#core/events/events.ts';

/** One line of `GET /events`, with the exact nanoseconds: a 64-bit integer, which JSON.stringify cannot write. */
export function eventLine(event: EngineEvent): string {
  return `${JSON.stringify(eventMessage(event)).slice(0, -1)},"timeNano":${event.timeNano}}\n`;
}

/** `status`, `id` and `from` are the older fields of container and image events. */
function eventMessage({ type, action, actor, timeNano }: EngineEvent) {
  const older = {
    ...(type === 'container' || type === 'image' ? { status: action, id: actor.id } : {}),
    ...(type === 'container' ? { from: actor.attributes.image ?? '' } : {}),
  };
  return {
    ...older,
    Type: type,
    Action: action,
    Actor: { ID: actor.id, Attributes: actor.attributes },
    scope: 'local',
    time: Number(timeNano / 1_000_000_000n),
  };
}
