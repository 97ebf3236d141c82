/**
 * Turns one line of terminal output into runs of text with a look. Only SGR
 * (ECMA-48 8.3.117, with the 256 and true colours of ISO 8613-6) has an
 * effect; every other control sequence is swallowed, so that a line can
 * change nothing but its own colours. The result is bounded whatever the
 * input: `maxChars` characters and `maxRuns` runs.
 */
export type AnsiRun = {
  text: string;
  /** Space separated class names, `''` for plain text. */
  className: string;
  /** CSS colours outside the sixteen named ones. */
  color?: string;
  background?: string;
};

export type AnsiLine = {
  runs: AnsiRun[];
  /** The characters a person sees, without any sequence. */
  text: string;
  /** Input characters that were not looked at. */
  cut: number;
};

export type AnsiLimits = { maxChars: number; maxRuns: number };

const DEFAULT_LIMITS: AnsiLimits = { maxChars: 16_384, maxRuns: 512 };
/** A parameter string longer than this is no colour anybody chose. */
const MAX_PARAMETERS = 128;

type Color = { named: number } | { css: string } | null;
type Look = {
  fg: Color;
  bg: Color;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  hidden: boolean;
  strike: boolean;
};
type Cell = { text: string; look: Look };

const PLAIN: Look = Object.freeze({
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  hidden: false,
  strike: false,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202d\u202e]/;

/** Whether a line needs `parseAnsi` at all. */
export const hasControls = (line: string): boolean => CONTROL.test(line);

/** The visible text of a line. */
export function stripAnsi(line: string, maxChars = 1_048_576): string {
  return hasControls(line) ? parseAnsi(line, { maxChars, maxRuns: 1 }).text : line;
}

export function parseAnsi(line: string, limits: AnsiLimits = DEFAULT_LIMITS): AnsiLine {
  if (!hasControls(line)) {
    const text = sliceWhole(line, limits.maxChars);
    return { runs: text === '' ? [] : [{ text, className: '' }], text, cut: line.length - text.length };
  }
  // A bar that redraws itself moves the cursor within the line: only then is a line laid out cell by cell.
  return /[\r\b]/.test(line.replace(/\r+$/, '')) ? layOut(line, limits) : flow(line, limits);
}

function flow(line: string, limits: AnsiLimits): AnsiLine {
  const collect = collector(limits);
  let look = PLAIN;
  const end = scan(line, {
    text: (text) => collect.push(text, look),
    sgr: (parameters) => {
      look = applySgr(look, parameters);
    },
    move: () => true,
  });
  return { ...collect.done(), cut: line.length - end };
}

function layOut(line: string, limits: AnsiLimits): AnsiLine {
  const cells: Cell[] = [];
  let column = 0;
  let look = PLAIN;
  const end = scan(line, {
    text: (text) => {
      for (const char of text) {
        if (column >= limits.maxChars) return false;
        cells[column++] = { text: char, look };
      }
      return true;
    },
    sgr: (parameters) => {
      look = applySgr(look, parameters);
    },
    move: (what) => {
      if (what === 'return') column = 0;
      else if (what === 'back') column = Math.max(0, column - 1);
      else if (what === 'erase-line') cells.length = 0;
      else cells.length = Math.min(cells.length, column);
      return true;
    },
  });
  const collect = collector(limits);
  for (let index = 0; index < cells.length; index++) {
    const cell = cells[index] ?? { text: ' ', look: PLAIN };
    if (!collect.push(cell.text, cell.look)) break;
  }
  return { ...collect.done(), cut: line.length - end };
}

type Sink = {
  /** False: no more is wanted. */
  text: (text: string) => boolean;
  sgr: (parameters: string) => void;
  move: (what: 'return' | 'back' | 'erase-right' | 'erase-line') => boolean;
};

/** Walks the line once; returns the index it stopped at. */
function scan(line: string, sink: Sink): number {
  let index = 0;
  while (index < line.length) {
    const next = indexOfControl(line, index);
    if (next > index) {
      if (!sink.text(line.slice(index, next))) return index;
      index = next;
      continue;
    }
    const code = line.charCodeAt(index);
    if (code === 0x1b || code === 0x9b || isStringStart(code)) index = sequence(line, index, sink);
    else {
      if (code === 0x0d) sink.move('return');
      else if (code === 0x08) sink.move('back');
      // An override would let a line show its letters in another order than they have.
      else if (code === 0x202d || code === 0x202e) sink.text('\ufffd');
      index++;
    }
  }
  return index;
}

/** C1 forms of DCS, SOS, OSC, PM and APC. */
const isStringStart = (code: number) => code === 0x90 || code === 0x98 || (code >= 0x9d && code <= 0x9f);

function indexOfControl(line: string, from: number): number {
  for (let index = from; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || (code >= 0x7f && code <= 0x9f) || code === 0x202d || code === 0x202e)
      return index;
  }
  return line.length;
}

/** Consumes one escape sequence beginning at `start`; returns the index behind it. An unfinished one takes the rest of the line. */
function sequence(line: string, start: number, sink: Sink): number {
  const first = line.charCodeAt(start);
  if (first === 0x9b) return controlSequence(line, start + 1, sink);
  if (first !== 0x1b) return stringEnd(line, start + 1);
  const kind = line[start + 1];
  if (kind === undefined) return line.length;
  if (kind === '[') return controlSequence(line, start + 2, sink);
  if (']PX^_'.includes(kind)) return stringEnd(line, start + 2);
  let index = start + 1;
  while (index < line.length && between(line, index, 0x20, 0x2f)) index++;
  return between(line, index, 0x30, 0x7e) ? index + 1 : index;
}

function controlSequence(line: string, start: number, sink: Sink): number {
  let index = start;
  while (index < line.length && between(line, index, 0x30, 0x3f)) index++;
  const parameters = index - start <= MAX_PARAMETERS ? line.slice(start, index) : null;
  const plain = index;
  while (index < line.length && between(line, index, 0x20, 0x2f)) index++;
  if (index >= line.length) return line.length;
  // Not a final byte: the sequence is broken, and what broke it is looked at again.
  if (!between(line, index, 0x40, 0x7e)) return index;
  if (parameters !== null && plain === index) {
    const final = line[index];
    if (final === 'm') sink.sgr(parameters);
    else if (final === 'K') erase(parameters, sink);
    else if (final === 'G' && (parameters === '' || parameters === '1')) sink.move('return');
  }
  return index + 1;
}

function erase(parameters: string, sink: Sink): void {
  if (parameters === '' || parameters === '0') sink.move('erase-right');
  else if (parameters === '2') sink.move('erase-line');
}

/** Behind the terminator (BEL, ST) of an OSC, DCS, APC, PM or SOS string. */
function stringEnd(line: string, start: number): number {
  for (let index = start; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if (code === 0x07 || code === 0x9c) return index + 1;
    if (code === 0x1b) return line[index + 1] === '\\' ? index + 2 : index;
  }
  return line.length;
}

function between(line: string, index: number, low: number, high: number): boolean {
  const code = line.charCodeAt(index);
  return code >= low && code <= high;
}

function collector(limits: AnsiLimits) {
  const runs: AnsiRun[] = [];
  let text = '';
  let last: Look | undefined;
  return {
    push(more: string, look: Look): boolean {
      const room = limits.maxChars - text.length;
      if (room <= 0) return false;
      const part = sliceWhole(more, room);
      text += part;
      const run = runs.at(-1);
      // Beyond the last run allowed the text goes on in its look: it may lose colour, never letters.
      if (run && (look === last || sameLook(look, last!) || runs.length >= limits.maxRuns)) run.text += part;
      else {
        runs.push(toRun(part, look));
        last = look;
      }
      return part.length === more.length;
    },
    done: () => ({ runs, text }),
  };
}

/** At most `length` UTF-16 units, never half a surrogate pair. */
function sliceWhole(text: string, length: number): string {
  if (text.length <= length) return text;
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length);
}

function sameLook(a: Look, b: Look): boolean {
  return (Object.keys(PLAIN) as (keyof Look)[]).every((key) =>
    key === 'fg' || key === 'bg' ? sameColor(a[key], b[key]) : a[key] === b[key],
  );
}

function sameColor(a: Color, b: Color): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  return 'named' in a ? 'named' in b && a.named === b.named : 'css' in b && a.css === b.css;
}

function toRun(text: string, look: Look): AnsiRun {
  const classes: string[] = [];
  if (look.bold) classes.push('ansi-bold');
  if (look.dim) classes.push('ansi-dim');
  if (look.italic) classes.push('ansi-italic');
  if (look.underline && look.strike) classes.push('ansi-underline-strike');
  else if (look.underline) classes.push('ansi-underline');
  else if (look.strike) classes.push('ansi-strike');
  if (look.hidden) classes.push('ansi-hidden');
  const [fg, bg] = look.inverse ? [look.bg, look.fg] : [look.fg, look.bg];
  const run: AnsiRun = { text, className: '' };
  if (fg && 'named' in fg) classes.push(`ansi-fg-${fg.named}`);
  else if (fg) run.color = fg.css;
  else if (look.inverse) classes.push('ansi-fg-page');
  if (bg && 'named' in bg) classes.push(`ansi-bg-${bg.named}`);
  else if (bg) run.background = bg.css;
  else if (look.inverse) classes.push('ansi-bg-text');
  run.className = classes.join(' ');
  return run;
}

function applySgr(look: Look, parameters: string): Look {
  if (/[^0-9;:]/.test(parameters)) return look;
  const groups = parameters.split(';');
  let next: Look = { ...look };
  for (let index = 0; index < groups.length; index++) {
    const sub = groups[index]!.split(':').map((part) => (part === '' ? 0 : Number(part)));
    const code = sub[0]!;
    if (code === 38 || code === 48) {
      const color = sub.length > 1 ? colonColor(sub) : semicolonColor(groups, index);
      index += color.used;
      if (color.value) next[code === 38 ? 'fg' : 'bg'] = color.value;
    } else next = simpleSgr(next, code, sub[1]);
  }
  return next;
}

function simpleSgr(look: Look, code: number, sub: number | undefined): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 3) return { ...look, italic: true };
  if (code === 4) return { ...look, underline: sub !== 0 };
  if (code === 7) return { ...look, inverse: true };
  if (code === 8) return { ...look, hidden: true };
  if (code === 9) return { ...look, strike: true };
  if (code === 21) return { ...look, underline: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 23) return { ...look, italic: false };
  if (code === 24) return { ...look, underline: false };
  if (code === 27) return { ...look, inverse: false };
  if (code === 28) return { ...look, hidden: false };
  if (code === 29) return { ...look, strike: false };
  if (code === 39) return { ...look, fg: null };
  if (code === 49) return { ...look, bg: null };
  if (code >= 30 && code <= 37) return { ...look, fg: { named: code - 30 } };
  if (code >= 40 && code <= 47) return { ...look, bg: { named: code - 40 } };
  if (code >= 90 && code <= 97) return { ...look, fg: { named: code - 82 } };
  if (code >= 100 && code <= 107) return { ...look, bg: { named: code - 92 } };
  return look;
}

/** `38;5;n` and `38;2;r;g;b`: `used` counts the groups behind the 38. */
function semicolonColor(groups: string[], index: number): { value: Color; used: number } {
  const at = (offset: number) => (groups[index + offset] === undefined ? Number.NaN : Number(groups[index + offset]));
  if (at(1) === 5) return { value: indexed(at(2)), used: 2 };
  if (at(1) === 2) return { value: rgb(at(2), at(3), at(4)), used: 4 };
  return { value: null, used: 1 };
}

/** `38:5:n`, `38:2:r:g:b` and, with a colour space, `38:2::r:g:b`. */
function colonColor(sub: number[]): { value: Color; used: number } {
  if (sub[1] === 5) return { value: indexed(sub[2] ?? Number.NaN), used: 0 };
  if (sub[1] !== 2) return { value: null, used: 0 };
  const [r, g, b] = sub.length >= 6 ? sub.slice(3) : sub.slice(2);
  return { value: rgb(r ?? Number.NaN, g ?? Number.NaN, b ?? Number.NaN), used: 0 };
}

/** The 256 colours of xterm: 16 named, a 6×6×6 cube, 24 greys. */
function indexed(n: number): Color {
  if (!(n >= 0 && n <= 255)) return null;
  if (n < 16) return { named: n };
  if (n >= 232) return rgb(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10);
  const step = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  return rgb(step(Math.floor((n - 16) / 36)), step(Math.floor((n - 16) / 6) % 6), step((n - 16) % 6));
}

function rgb(r: number, g: number, b: number): Color {
  return [r, g, b].every((part) => part >= 0 && part <= 255) ? { css: `rgb(${r}, ${g}, ${b})` } : null;
}
