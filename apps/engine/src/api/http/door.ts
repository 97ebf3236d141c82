import type { Duplex } from 'node:stream';
import type { Principal } from '#core/access/principal.ts';

/**
 * By which door a connection came in. All doors lead to one HTTP server; what
 * a request may be (Docker API alone, or the dashboard too) and who it can be
 * depends on the door.
 */
export type Door =
  /** The local socket: whoever may open the file is the administrator, as with Docker. */
  | { readonly kind: 'unix' }
  /** A port: a session or a token, a known Host, no other site's page. */
  | { readonly kind: 'tcp' }
  /** A pair of streams inside the process, acting as the given principal. Never listens anywhere. */
  | { readonly kind: 'memory'; readonly principal: Principal };

export type Doors = {
  mark(socket: Duplex, door: Door): void;
  /** The door of a connection; a connection nobody marked is treated as the least trusted one. */
  of(socket: Duplex): Door;
};

export function createDoors(): Doors {
  const doors = new WeakMap<Duplex, Door>();
  return {
    mark(socket, door) {
      doors.set(socket, door);
    },
    of: (socket) => doors.get(socket) ?? { kind: 'tcp' },
  };
}
