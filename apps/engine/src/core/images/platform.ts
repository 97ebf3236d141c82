import { EngineError } from '#core/errors.ts';
import type { Platform } from './manifest.ts';
import type { Descriptor } from './ports.ts';

/** Go's names, which images use, for Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm',
  arm64: 'arm64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
};
/** Other spellings people use. */
const ALIASES: ReadonlyMap<string, { architecture: string; variant?: string }> = new Map([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['i386', { architecture: '386' }],
  ['aarch64', { architecture: 'arm64' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
]);

export function hostPlatform(): Platform {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  return { os: 'linux', architecture, ...(architecture === 'arm' && { variant: 'v7' }) };
}

export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join('/');

/** `linux/arm64`, `arm64`, `linux/arm/v7`. Errors: `invalid_argument`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  const isWellFormed = parts.length <= 3 && parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part));
  if (!isWellFormed) {
    throw new EngineError('invalid_argument', `"${text}": invalid platform: must be os/architecture[/variant]`);
  }
  const [first = '', second, third] = parts.map((part) => part.toLowerCase());
  // One word is a system or an architecture.
  if (second === undefined && first === 'linux') return hostPlatform();
  const [os, machine] = second === undefined ? ['linux', first] : [first, second];
  const alias = ALIASES.get(machine);
  const architecture = alias?.architecture ?? machine;
  const variant = third ?? alias?.variant ?? (architecture === 'arm' ? 'v7' : undefined);
  return { os, architecture, ...(variant && !(architecture === 'arm64' && variant === 'v8') && { variant }) };
}

/** How well `have` runs on `want`; 0 is best, undefined not at all. */
function distance(want: Platform, have: Descriptor['platform']): number | undefined {
  if (!have || (have.os || 'linux') !== want.os || have.architecture !== want.architecture) return undefined;
  const wanted = want.variant ?? '';
  const offered = have.architecture === 'arm64' && have.variant === 'v8' ? '' : (have.variant ?? '');
  if (wanted === offered) return 0;
  if (want.architecture === 'arm') {
    // A newer ARM runs what is made for an older one.
    const gap = Number(wanted.replace('v', '') || 7) - Number(offered.replace('v', '') || 7);
    return gap >= 0 ? gap : undefined;
  }
  if (want.architecture === 'amd64')
    return wanted === '' ? (offered === '' ? 0 : undefined) : offered === '' ? 1 : undefined;
  return wanted === '' || offered === '' ? 1 : undefined;
}

/** The entry of an index for a platform. Errors: `not_found` in Docker's words. */
export function choosePlatform(manifests: readonly Descriptor[], want: Platform): Descriptor {
  let best: { entry: Descriptor; distance: number } | undefined;
  for (const entry of manifests) {
    const gap = distance(want, entry.platform);
    if (gap !== undefined && (!best || gap < best.distance)) best = { entry, distance: gap };
  }
  if (!best) {
    throw new EngineError('not_found', `no matching manifest for ${formatPlatform(want)} in the manifest list entries`);
  }
  return best.entry;
}

/** Whether an image already here is what a platform asks for. */
export function matchesPlatform(
  want: Platform,
  image: { os: string; architecture: string; variant?: string },
): boolean {
  return distance(want, image) !== undefined;
}
