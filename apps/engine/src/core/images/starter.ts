import { formatReference, parseReference } from '#lib/reference.ts';
import { tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';
import type { ImagesContext } from './context.ts';
import { storeSingleLayer, toBytes } from './import.ts';
import { hostPlatform } from './platform.ts';
import type { ImageRecord } from './types.ts';

export const STARTER_NAME = 'gantry/busybox:latest';

/** The host's static busybox. */
export type Busybox = {
  program: Buffer;
  /** Paths without the leading slash: `bin/ls`, `usr/bin/awk`. */
  applets: readonly string[];
  /** When the program was built, in seconds: the image's creation time. */
  builtAt: number;
};

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'sbin',
  'sys',
  'tmp',
  'usr',
  'usr/bin',
  'usr/sbin',
  'var',
  'var/log',
  'var/spool',
  'var/www',
];
const MODES: Readonly<Record<string, number>> = { root: 0o700, tmp: 0o1777 };
const FILES: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n',
  'etc/shadow': 'root:*:::::::\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

function* layer({ program, applets, builtAt: mtime }: Busybox): Generator<Buffer> {
  for (const name of DIRECTORIES) yield tarHeader({ name, type: 'directory', mode: MODES[name] ?? 0o755, mtime });
  yield tarHeader({ name: 'bin/busybox', mode: 0o755, size: program.length, mtime });
  yield program;
  yield tarPadding(program.length);
  const known = new Set(DIRECTORIES);
  const names = [...new Set(applets)].filter((name) => {
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    return name !== 'bin/busybox' && known.has(parent);
  });
  for (const name of names.sort()) yield tarHeader({ name, type: 'link', linkname: 'bin/busybox', mode: 0o755, mtime });
  for (const [name, text] of Object.entries(FILES)) {
    const data = Buffer.from(text);
    yield tarHeader({ name, mode: name === 'etc/shadow' ? 0o640 : 0o644, size: data.length, mtime });
    yield data;
    yield tarPadding(data.length);
  }
  yield tarEnd();
}

/**
 * Makes the starter image when there is no image at all: who has removed it and has others does not get it back. The
 * same busybox gives the same image on every machine.
 */
export async function makeStarterImage(context: ImagesContext, busybox: Busybox): Promise<ImageRecord | undefined> {
  const existing = context.catalog.find(STARTER_NAME);
  if (existing || context.catalog.all().length > 0) return existing;
  return storeSingleLayer(
    context,
    {
      layer: toBytes(layer(busybox)),
      config: {
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        Cmd: ['sh'],
        WorkingDir: '',
      },
      created: new Date(busybox.builtAt * 1000).toISOString().replace('.000Z', 'Z'),
      comment: "made from this machine's static busybox",
      createdBy: 'gantry: starter image',
      platform: hostPlatform(),
    },
    ({ id }) => context.catalog.setTag(id, formatReference(parseReference(STARTER_NAME)), context.now()),
  );
}
