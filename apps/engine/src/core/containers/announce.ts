import type { Context } from './context.ts';
import type { ContainerRecord } from './types.ts';

/** Publishes an event of a container with the attributes Docker gives it: labels, image, name and the action's own. */
export function announce(
  context: Pick<Context, 'events'>,
  record: ContainerRecord,
  action: string,
  attributes: Record<string, string> = {},
): void {
  context.events.publish({
    type: 'container',
    action,
    id: record.id,
    attributes: { ...record.config.Labels, ...attributes, image: record.config.Image, name: record.name },
  });
}
