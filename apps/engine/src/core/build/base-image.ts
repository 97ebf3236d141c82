import { EngineError } from '#core/errors.ts';
import { hostPlatform, matchesPlatform, parsePlatform } from '#core/images/platform.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { familiarReference, InvalidReference, parseReference, type Reference, withDefaultTag } from '#lib/reference.ts';
import type { Build } from './context.ts';

function referenceOf(name: string): Reference {
  try {
    return withDefaultTag(parseReference(name));
  } catch (cause) {
    if (!(cause instanceof InvalidReference)) throw cause;
    throw new EngineError(
      'invalid_argument',
      `failed to parse stage name ${JSON.stringify(name.slice(0, 300))}: invalid reference format`,
      {
        cause,
      },
    );
  }
}

/** An image by name or id: the one that is here, or the registry's when there is none, or when asked to look. */
export async function baseImage(build: Build, name: string, platform: string): Promise<ImageRecord> {
  const { images } = build.deps;
  const wanted =
    platform === '' ? (build.request.platform === '' ? undefined : build.platform) : parsePlatform(platform);
  const local = images.find(name);
  const isFit = local && (!wanted || matchesPlatform(wanted, local));
  if (isFit && !build.request.pull) return hold(build, local);
  // An id names what is here or nothing.
  const isId = /^(sha256:)?[0-9a-f]{64}$/.test(name) || (local !== undefined && local.repoTags.length === 0);
  if (isId && local) return hold(build, local);
  const reference = referenceOf(name);
  const shown = familiarReference(reference);
  await images.pull(
    {
      name: shown,
      ...(wanted && { platform: [wanted.os, wanted.architecture, wanted.variant].filter(Boolean).join('/') }),
      auth: build.request.auth(reference.domain),
    },
    { signal: build.signal, progress: build.output.progress },
  );
  const pulled = images.find(shown);
  if (!pulled) throw new EngineError('not_found', `No such image: ${shown}`);
  return hold(build, pulled);
}

async function hold(build: Build, image: ImageRecord): Promise<ImageRecord> {
  await build.assembly.hold(image);
  return image;
}

/** The platform a build is for, in the words of Dockerfiles. */
export function platformVariables(platform: {
  os: string;
  architecture: string;
  variant?: string;
}): Map<string, string> {
  const host = hostPlatform();
  const variables = new Map<string, string>();
  for (const [prefix, one] of [
    ['TARGET', platform],
    ['BUILD', host],
  ] as const) {
    variables.set(`${prefix}PLATFORM`, [one.os, one.architecture, one.variant].filter(Boolean).join('/'));
    variables.set(`${prefix}OS`, one.os);
    variables.set(`${prefix}ARCH`, one.architecture);
    variables.set(`${prefix}VARIANT`, one.variant ?? '');
  }
  return variables;
}
