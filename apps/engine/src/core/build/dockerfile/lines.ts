import { EngineError } from '#core/errors.ts';

/**
 * The first pass over a Dockerfile: parser directives, comments, continued
 * lines and here-documents. Dockerfile reference, "Format", "Parser
 * directives", "Here-Documents".
 */
export type Heredoc = {
  name: string;
  /** Variables in the text are expanded: its name stands without quotes. */
  expand: boolean;
  text: string;
};

export type LogicalLine = {
  /** Number of the first physical line, from 1. */
  number: number;
  /** The instruction's name in capitals. */
  keyword: string;
  /** What follows the name: continued lines joined, comments between them left out. */
  rest: string;
  /** The instruction as written, joined: what a build prints as its step. */
  original: string;
  heredocs: Heredoc[];
};

export type Escape = '\\' | '`';

/** Bytes of a Dockerfile. */
export const DOCKERFILE_LIMIT = 4 * 1024 * 1024;
/** Instructions of a Dockerfile. */
const LINE_LIMIT = 10_000;
/** Lines whose words may be here-documents. */
const WITH_HEREDOC = /^(?:onbuild\s+)?(?:run|copy|add)\s/i;

export const parseError = (line: number, message: string): EngineError =>
  new EngineError('invalid_argument', `dockerfile parse error on line ${line}: ${message}`);

const isComment = (line: string): boolean => /^[ \t]*#/.test(line);

/** Directives stand above everything else, blank lines and other comments included. */
function readDirectives(lines: readonly string[]): Escape {
  const seen = new Set<string>();
  let escapeChar: Escape = '\\';
  for (const [index, line] of lines.entries()) {
    const match = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/.exec(line);
    const name = match?.[1]?.toLowerCase() ?? '';
    if (!match || !['escape', 'syntax', 'check'].includes(name)) break;
    if (seen.has(name)) throw parseError(index + 1, `only one ${name} parser directive can be used`);
    seen.add(name);
    if (name !== 'escape') continue;
    if (match[2] !== '\\' && match[2] !== '`') {
      throw parseError(index + 1, `invalid escape token '${match[2]?.slice(0, 20)}' does not match \` or \\`);
    }
    escapeChar = match[2];
  }
  return escapeChar;
}

/** The line without its continuation mark; undefined when it has none. */
function continued(line: string, escapeChar: Escape): string | undefined {
  const trimmed = line.replace(/[ \t]+$/, '');
  if (!trimmed.endsWith(escapeChar)) return undefined;
  const body = trimmed.slice(0, -1);
  return body.endsWith(escapeChar) ? undefined : body;
}

type Mark = { name: string; expand: boolean; chomp: boolean };

/** Here-document words of a line, outside of quotes: `<<EOF`, `<<-EOF`, `3<<"EOF"`. */
export function heredocMarks(text: string): Mark[] {
  const marks: Mark[] = [];
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (quote) {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"') at += 1;
      continue;
    }
    if (char === '\\') at += 1;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '<' && text[at + 1] === '<' && /(?:^|\s)\d*$/.test(text.slice(Math.max(0, at - 12), at))) {
      const match = /^<<(-?)(?:"([^"<\s]+)"|'([^'<\s]+)'|([^<\s'"]+))(?=\s|$)/.exec(text.slice(at, at + 300));
      if (!match) continue;
      const bare = match[4];
      marks.push({ name: bare ?? match[2] ?? match[3] ?? '', expand: bare !== undefined, chomp: match[1] === '-' });
      at += match[0].length - 1;
    }
  }
  return marks;
}

/** The text of a Dockerfile as instructions. Errors: `invalid_argument` with the line. */
export function readLines(text: string): { lines: LogicalLine[]; escapeChar: Escape } {
  const physical = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const escapeChar = readDirectives(physical);
  const lines: LogicalLine[] = [];
  for (let at = 0; at < physical.length; at += 1) {
    const first = physical[at]!;
    if (first.trim() === '' || isComment(first)) continue;
    const number = at + 1;
    const parts: string[] = [];
    let line: string | undefined = first.trimStart();
    while (line !== undefined) {
      const body: string | undefined = continued(line, escapeChar);
      parts.push(body ?? line);
      if (body === undefined) break;
      // Comments and empty lines between the parts belong to nobody.
      do at += 1;
      while (at < physical.length && (isComment(physical[at]!) || physical[at]!.trim() === ''));
      line = physical[at];
    }
    const original = parts.join('').trim();
    if (original === '') continue;
    if (lines.length >= LINE_LIMIT) throw parseError(number, `more than ${LINE_LIMIT} instructions`);
    const keyword = /^\S+/.exec(original)?.[0] ?? '';
    const entry: LogicalLine = {
      number,
      keyword: keyword.toUpperCase(),
      rest: original.slice(keyword.length).trim(),
      original,
      heredocs: [],
    };
    if (WITH_HEREDOC.test(original)) {
      for (const mark of heredocMarks(entry.rest)) at = readHeredoc(physical, at, mark, entry);
    }
    lines.push(entry);
  }
  return { lines, escapeChar };
}

function readHeredoc(physical: readonly string[], from: number, mark: Mark, entry: LogicalLine): number {
  const text: string[] = [];
  for (let at = from + 1; at < physical.length; at += 1) {
    const line = mark.chomp ? physical[at]!.replace(/^\t+/, '') : physical[at]!;
    if (line === mark.name) {
      entry.heredocs.push({ name: mark.name, expand: mark.expand, text: text.map((one) => `${one}\n`).join('') });
      return at;
    }
    text.push(line);
  }
  throw parseError(entry.number, 'unterminated heredoc');
}
