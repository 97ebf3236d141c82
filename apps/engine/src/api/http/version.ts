import { EngineError } from '#core/errors.ts';

/** Versions of the Docker Engine API that are served. */
export const API_VERSION = '1.51';
export const MIN_API_VERSION = '1.24';

/** Compares `1.9` and `1.24` as versions; the prefix has been checked to be `<digits>.<digits>`. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/** `/v1.43/containers/json` → version and path. Docker's words for what is too new or too old. */
export function splitVersion(path: string): { version: string; path: string; explicit: boolean } {
  const match = /^\/v(\d{1,4}\.\d{1,4})(\/.*)$/.exec(path);
  if (!match) return { version: API_VERSION, path, explicit: false };
  const [, version = '', rest = ''] = match;
  if (compareVersions(version, MIN_API_VERSION) < 0) {
    throw new EngineError(
      'invalid_argument',
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (compareVersions(version, API_VERSION) > 0) {
    throw new EngineError(
      'invalid_argument',
      `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`,
    );
  }
  return { version, path: rest, explicit: true };
}
