/**
 * A paste of several lines runs commands before anybody has read them, and a
 * page can put other text on the clipboard than it shows. Such a paste is
 * shown first; so is one with control characters, which could press keys.
 */
export type PasteRisk = { lines: number; controls: boolean; preview: string };

const PREVIEW_LINES = 12;
const PREVIEW_CHARS = 2000;

/** Null: harmless, paste it. One line with its line break at the end counts as harmless only when the shell brackets pastes. */
export function pasteRisk(text: string, bracketed: boolean): PasteRisk | null {
  const normal = text.replace(/\r\n?/g, '\n');
  const lines = normal.replace(/\n$/, '').split('\n').length;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(normal);
  const endsLine = normal.endsWith('\n');
  if (!controls && lines < 2 && (!endsLine || bracketed)) return null;
  return { lines, controls, preview: preview(normal) };
}

function preview(text: string): string {
  const lines = text.split('\n');
  const shown = lines.slice(0, PREVIEW_LINES).join('\n').slice(0, PREVIEW_CHARS);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: shown as their pictures
  return shown.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (char) =>
    char === '\x7f' ? '\u2421' : String.fromCharCode(0x2400 + char.charCodeAt(0)),
  );
}

/** What is typed into the terminal: line breaks as Return, and no way to end a bracketed paste from inside. */
export function pasteText(text: string, bracketed: boolean): string {
  const typed = text.replace(/\r?\n/g, '\r');
  return bracketed ? `\x1b[200~${typed.replaceAll('\x1b[201~', '')}\x1b[201~` : typed;
}

/** A command line to an argument array, with the quotes of a shell but none of its expansions; null when a quote is open. */
export function splitCommand(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < line.length; index++) {
    const char = line[index]!;
    if (quote) {
      if (char === quote) quote = null;
      else if (quote === '"' && char === '\\' && /["\\$`]/.test(line[index + 1] ?? '')) word += line[++index]!;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\' && index + 1 < line.length) word = (word ?? '') + line[++index]!;
    else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  if (quote) return null;
  if (word !== null) words.push(word);
  return words;
}
