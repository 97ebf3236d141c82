import type { Readable } from 'node:stream';
import type { Dockerode } from './dockerode.ts';

/** Best first. */
const KNOWN = ['bash', 'zsh', 'fish', 'ash', 'dash', 'ksh', 'mksh', 'sh'] as const;
/** Where a shell may be when the container's PATH is not the usual one, or there is no `sh` to ask. */
const PLACES = ['/bin/bash', '/usr/bin/bash', '/bin/sh', '/bin/ash', '/busybox/sh', '/usr/bin/fish', '/usr/bin/zsh'];
// Not by `command -v`: a busybox that runs its applets by itself finds every one of them, and prints no path.
/** A path a shell printed; anything else it prints is not believed. */
const PATH = /^\/[A-Za-z0-9_./+-]{1,200}$/;
/** An answer is a few paths. */
const MAX_ANSWER = 16 * 1024;
const TIMEOUT_MS = 10_000;

/**
 * Shells that exist in a running container, as absolute paths, best first. Asked of the container's own `sh` in one
 * exec; where there is none, each usual place is tried by running it. Only what ran or was found executable is offered.
 */
export async function findShells(docker: Dockerode, container: string): Promise<string[]> {
  const script = `IFS=:; for s in ${KNOWN.join(' ')}; do for d in $PATH; do
    if [ -x "$d/$s" ] && [ ! -d "$d/$s" ]; then echo "$d/$s"; break; fi; done; done`;
  const asked = await runIn(docker, container, ['sh', '-c', script]);
  if (asked.ran) {
    const found = asked.output.split('\n').map((line) => line.trim());
    const shells = found.filter((path) => PATH.test(path) && KNOWN.some((name) => path.endsWith(`/${name}`)));
    if (shells.length > 0) return [...new Set(shells)];
  }
  const shells: string[] = [];
  for (const place of PLACES) {
    const { ran, exitCode } = await runIn(docker, container, [place, '-c', 'exit 0']);
    if (ran && exitCode === 0) shells.push(place);
  }
  return shells;
}

type Answer = { ran: boolean; exitCode: number | null; output: string };

async function runIn(docker: Dockerode, container: string, command: string[]): Promise<Answer> {
  const none: Answer = { ran: false, exitCode: null, output: '' };
  const exec = await docker.getContainer(container).exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  let stream: Readable;
  try {
    stream = (await exec.start({ hijack: true, stdin: false })) as Readable;
  } catch {
    // Some hosts refuse the start itself when the program is not there; no other failure can be told from it here.
    return none;
  }
  const output = await collect(stream);
  const { ExitCode } = await exec.inspect();
  // 126 and 127: it could not be run. 128 and up with no output happen when it cannot be loaded.
  const ran = ExitCode !== null && ExitCode !== 126 && ExitCode !== 127;
  return { ran, exitCode: ExitCode, output };
}

/** Text of all frames, bounded in size and time. */
async function collect(stream: Readable): Promise<string> {
  const timer = setTimeout(() => stream.destroy(), TIMEOUT_MS);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MAX_ANSWER) break;
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
  return unframe(Buffer.concat(chunks)).toString('latin1');
}

function unframe(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    if (bytes[at] === 1) parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts);
}
