/** How serious a line says it is. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

const WORDS: Record<string, Level> = {
  trace: 'trace',
  trc: 'trace',
  debug: 'debug',
  dbg: 'debug',
  dbug: 'debug',
  info: 'info',
  inf: 'info',
  information: 'info',
  notice: 'info',
  log: 'info',
  warn: 'warn',
  warning: 'warn',
  wrn: 'warn',
  error: 'error',
  err: 'error',
  eror: 'error',
  severe: 'error',
  fatal: 'fatal',
  ftl: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  panic: 'fatal',
  emerg: 'fatal',
  alert: 'fatal',
};

/** A level further in is prose that happens to hold the word. */
const HEAD = 160;

// `level=warn`, `"severity":"ERROR"`, `[INFO]`, `<warn>`, `ERROR:`, `WARN ` behind a time.
const KEYED = /\b(?:level|lvl|severity)["']?\s*[=:]\s*["']?([a-zA-Z]+)/;
const BOXED = /[[<(|]\s*([a-zA-Z]{3,11})\s*[\]>)|]/g;
const BARE =
  /(?:^|[\s\]])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|PANIC|(?:[Ww]arning|[Ee]rror|[Ff]atal|[Pp]anic)(?=:))(?=[\s:\]]|$)/;

/** The level a line of plain text names near its beginning. */
export function levelOf(text: string): Level | null {
  const start = text.slice(0, HEAD);
  const keyed = KEYED.exec(start);
  if (keyed) return word(keyed[1]!);
  for (const boxed of start.matchAll(BOXED)) {
    const level = word(boxed[1]!);
    if (level) return level;
  }
  const bare = BARE.exec(start);
  return bare ? word(bare[1]!) : null;
}

const word = (text: string): Level | null => {
  const key = text.toLowerCase();
  return Object.hasOwn(WORDS, key) ? WORDS[key]! : null;
};

/** pino and bunyan count in tens. */
const number = (value: number): Level | null =>
  value >= 60
    ? 'fatal'
    : value >= 50
      ? 'error'
      : value >= 40
        ? 'warn'
        : value >= 30
          ? 'info'
          : value >= 20
            ? 'debug'
            : 'trace';

export type JsonLine = { level: Level | null; message: string; fields: [string, string][] };

const MESSAGE_KEYS = ['msg', 'message', 'text', 'event', '@m', '@message'];
const LEVEL_KEYS = ['level', 'lvl', 'severity', 'log.level', '@l', '@level', 'levelname'];
const TIME_KEYS = ['time', 'ts', 'timestamp', '@timestamp', '@t', 'datetime', 'date'];
const MAX_JSON = 65_536;
const MAX_FIELDS = 40;

/** A line that is one JSON object, told apart into level, message and the rest; null for any other line. */
export function parseJsonLine(text: string): JsonLine | null {
  const trimmed = text.length <= MAX_JSON ? text.trim() : '';
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return null;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(trimmed) as Record<string, unknown>;
  } catch {
    return null;
  }
  const pick = (keys: string[]) => keys.find((key) => Object.hasOwn(value, key));
  const messageKey = pick(MESSAGE_KEYS);
  const levelKey = pick(LEVEL_KEYS);
  const timeKey = pick(TIME_KEYS);
  const fields: [string, string][] = [];
  for (const [key, field] of Object.entries(value)) {
    if (key === messageKey || key === levelKey || key === timeKey) continue;
    if (fields.length === MAX_FIELDS) break;
    fields.push([key, shown(field)]);
  }
  const raw = levelKey === undefined ? null : value[levelKey];
  const level = typeof raw === 'string' ? word(raw) : typeof raw === 'number' ? number(raw) : null;
  return { level, message: messageKey === undefined ? '' : shown(value[messageKey]), fields };
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
