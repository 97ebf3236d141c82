import { EngineError } from '#core/errors.ts';

/**
 * Turns the runtime's own error text into Docker's, which clients and people
 * know. `details.exitCode` is what the container, or the exec, then shows.
 */

/** Exit codes of a command that cannot run: 127 not found, 126 not executable, 128 anything else of the start. */
export function startExitCode(message: string): number {
  if (
    /executable file not found|no such file or directory|no command specified/.test(message) &&
    /exec: /.test(message)
  ) {
    return 127;
  }
  if (/permission denied|is a directory|exec format error/.test(message) && /exec: |exec /.test(message)) return 126;
  if (/not a directory/.test(message)) return 126;
  return 128;
}

/** runc's and crun's lines without their time stamps and levels; the last line is the reason. */
export function runtimeReason(text: string): string {
  const lines = text
    // crun paints its words on a terminal.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
    .replace(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const errors = lines.filter((line) => !/level=(warning|info|debug)/.test(line));
  const last = errors.at(-1) ?? lines.at(-1) ?? 'no reason given';
  const logged = /msg="((?:[^"\\]|\\.)*)"/.exec(last);
  return logged ? logged[1]!.replace(/\\(["\\])/g, '$1') : last.replace(/^(?:\S+Z: )+/, '');
}

/** What the runtime was asked to execute: crun's text does not always name it. */
export type Asked = { args: readonly string[] };

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** crun's reasons, and the words for the same in runc's language, which is Docker's. */
const TRANSLATIONS: readonly [RegExp, (found: RegExpExecArray, command: string) => string][] = [
  [
    /^executable file `(.*)` not found(?: in \$PATH)?: /,
    (_, command) =>
      command.includes('/')
        ? `exec: "${command}": stat ${command}: no such file or directory`
        : `exec: "${command}": executable file not found in $PATH`,
  ],
  [/^open executable: /, (_, command) => `exec: "${command}": permission denied`],
  [/^the path `(.*)` exists but it is not executable/, (_, command) => `exec: "${command}": permission denied`],
  [/^exec container process `(.*)`: (.*)$/, ([, path, why = '']) => `exec ${path}: ${lower(why)}`],
  [/^chdir `(.*)`: (.*)$/, ([, path, why = '']) => `chdir to cwd ("${path}") set in config.json failed: ${lower(why)}`],
  [
    /^error stat'ing file `(.*)`: (.*)$/,
    ([, source, why = '']) => `error mounting "${source}" to rootfs: stat ${source}: ${lower(why)}`,
  ],
  [
    /^mount `(.*)` to `(.*)`: (.*)$/,
    ([, source, target, why = '']) => `error mounting "${source}" to rootfs at "/${target}": ${lower(why)}`,
  ],
];

/** A reason in runc's words, whichever runtime it is of; `verb` is the command that failed. */
export function commonReason(verb: 'runc create' | 'exec', reason: string, { args }: Asked): string {
  for (const [pattern, words] of TRANSLATIONS) {
    const found = pattern.exec(reason);
    if (found) return `${verb} failed: unable to start container process: ${words(found, args[0] ?? '')}`;
  }
  return reason;
}

const HINT =
  ': Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type';

/** The error of a failed create: the user's fault when the command or a mount cannot be, ours otherwise. */
export function createError(runtimeText: string, cause: unknown, asked: Asked = { args: [] }): EngineError {
  const reason = commonReason('runc create', runtimeReason(runtimeText), asked);
  const exitCode = startExitCode(reason);
  const head = 'failed to create task for container: failed to create shim task: OCI runtime create failed';
  const hint = /not a directory/.test(reason) && !reason.includes('Are you trying') ? HINT : '';
  const users = exitCode !== 128 || /error mounting|error during container init|invalid|unknown/.test(reason);
  return new EngineError(users ? 'invalid_argument' : 'internal', `${head}: ${reason}: unknown${hint}`, {
    cause,
    details: { exitCode },
  });
}

/** What `docker exec` prints when its command cannot run. */
export function execFailure(runtimeText: string, asked: Asked = { args: [] }): { message: string; exitCode: number } {
  const reason = commonReason('exec', runtimeReason(runtimeText), asked);
  const code = startExitCode(reason);
  return { message: `OCI runtime exec failed: ${reason}: unknown`, exitCode: code === 128 ? 126 : code };
}
