import { EngineError } from '#core/errors.ts';
import { readInRoot } from '#os/rootfile.ts';

/** Who a container's process is, by the container's own /etc/passwd and /etc/group. */

export type ContainerUser = { uid: number; gid: number; additionalGids: number[]; home: string };

const MAX_FILE = 1024 * 1024;
const MAX_ID = 2 ** 31 - 1;

type PasswdEntry = { name: string; uid: number; gid: number; home: string };
type GroupEntry = { name: string; gid: number; members: string[] };

const id = (text: string | undefined): number => (text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : -1);

function lines(content: Buffer | null): string[][] {
  if (!content) return [];
  return content
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

export function parsePasswd(content: Buffer | null): PasswdEntry[] {
  return lines(content)
    .map(([name = '', , uid, gid, , home = '']) => ({ name, uid: id(uid), gid: id(gid), home }))
    .filter((entry) => entry.uid >= 0 && entry.gid >= 0);
}

export function parseGroup(content: Buffer | null): GroupEntry[] {
  return lines(content)
    .map(([name = '', , gid, members = '']) => ({ name, gid: id(gid), members: members.split(',').filter(Boolean) }))
    .filter((entry) => entry.gid >= 0);
}

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** A number that is no entry's name may be used as it is. */
function numeric(text: string): number | null {
  if (!/^\d+$/.test(text)) return null;
  const value = Number(text);
  if (value > MAX_ID) throw invalid(`uids and gids must be in range 0-${MAX_ID}`);
  return value;
}

function findGroup(groups: readonly GroupEntry[], text: string, message: string): number {
  const wanted = numeric(text);
  const entry = groups.find((group) => group.name === text) ?? groups.find((group) => group.gid === wanted);
  const gid = entry?.gid ?? wanted;
  if (gid === null) throw invalid(message);
  return gid;
}

/** `name`, `uid`, `name:group`, `uid:gid`, or empty for root; `groupAdd` names or numbers. */
export function resolveUser(
  spec: string,
  groupAdd: readonly string[],
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
): ContainerUser {
  const colon = spec.indexOf(':');
  const userText = colon < 0 ? spec : spec.slice(0, colon);
  const groupText = colon < 0 ? '' : spec.slice(colon + 1);
  const wanted = userText === '' ? 0 : numeric(userText);
  const entry =
    passwd.find((each) => userText !== '' && each.name === userText) ?? passwd.find((each) => each.uid === wanted);
  const uid = entry?.uid ?? wanted;
  if (uid === null) throw invalid(`unable to find user ${userText}: no matching entries in passwd file`);
  let gid = entry?.gid ?? 0;
  const more: number[] = [];
  if (groupText !== '') {
    gid = findGroup(groups, groupText, `unable to find group ${groupText}: no matching entries in group file`);
  } else if (entry) {
    for (const group of groups) if (group.members.includes(entry.name)) more.push(group.gid);
  }
  for (const text of groupAdd) {
    more.push(findGroup(groups, text, `Unable to find group ${text}: no matching entries in group file`));
  }
  // The own group is in the list, too: without it a file may deny more to it than to others (CVE-2022-36109).
  return { uid, gid, additionalGids: [...new Set([gid, ...more])], home: entry?.home || '/' };
}

/** Errors: `invalid_argument` for an unknown user or group, or a passwd file that is a FIFO, a device or too large. */
export function lookUpUser(rootfs: string, spec: string, groupAdd: readonly string[]): ContainerUser {
  const passwd = parsePasswd(readInRoot(rootfs, 'etc/passwd', MAX_FILE));
  const groups = parseGroup(readInRoot(rootfs, 'etc/group', MAX_FILE));
  return resolveUser(spec, groupAdd, passwd, groups);
}
