import type { LogLine } from '@contract/realtime.ts';

/**
 * The lines a log view holds: a ring bounded by number and by characters, so
 * that a container which prints for a week costs no more than the bound.
 * Every line keeps its `seq` for life; the ring holds [first, end).
 */
export type StoredLine = {
  seq: number;
  /** RFC 3339 with nanoseconds; '' for a mark. */
  t: string;
  /** 1 stdout, 2 stderr, 0 a mark set by the view (started, stopped, gap). */
  s: 0 | 1 | 2;
  m: string;
  /** Characters left out because the line was longer than a line may be. */
  cut: number;
};

export type LogStoreLimits = { maxLines: number; maxChars: number; maxLineChars: number };

/** 200,000 lines stay smooth; 48 Mi characters are at most about 100 MB of a tab. */
export const LOG_LIMITS: LogStoreLimits = { maxLines: 200_000, maxChars: 48 * 1024 * 1024, maxLineChars: 1024 * 1024 };

/** What a line costs beside its letters. */
const LINE_OVERHEAD = 48;

export type LogStore = ReturnType<typeof createLogStore>;

export function createLogStore(limits: LogStoreLimits = LOG_LIMITS) {
  let lines: StoredLine[] = [];
  let head = 0;
  let end = 0;
  let chars = 0;
  let version = 0;
  // The line of each stream that goes on in the next piece.
  const open = new Map<number, StoredLine>();

  const first = () => end - (lines.length - head);

  function trim(): void {
    while (lines.length - head > limits.maxLines || (chars > limits.maxChars && lines.length - head > 1)) {
      const gone = lines[head]!;
      chars -= gone.m.length + LINE_OVERHEAD;
      if (open.get(gone.s) === gone) open.delete(gone.s);
      // The slot would keep the text alive until the next compaction.
      lines[head++] = undefined as unknown as StoredLine;
    }
    if (head > 4096 && head > lines.length / 2) {
      lines = lines.slice(head);
      head = 0;
    }
  }

  function goOn(line: StoredLine, text: string): void {
    const part = text.slice(0, Math.max(0, limits.maxLineChars - line.m.length));
    line.m += part;
    line.cut += text.length - part.length;
    chars += part.length;
  }

  function append(t: string, s: 0 | 1 | 2, text: string): StoredLine {
    const line: StoredLine = { seq: end++, t, s, m: '', cut: 0 };
    lines.push(line);
    chars += LINE_OVERHEAD;
    goOn(line, text);
    return line;
  }

  return {
    /** Takes lines in; pieces (`p`) of one line are joined per stream. */
    push(batch: readonly LogLine[]): void {
      for (const { t, s, m, p } of batch) {
        let line = open.get(s);
        if (line) goOn(line, m);
        else line = append(t, s, m);
        if (p) open.set(s, line);
        else open.delete(s);
      }
      trim();
      version++;
    },
    mark(text: string, t = ''): void {
      open.clear();
      append(t, 0, text);
      trim();
      version++;
    },
    clear(): void {
      lines = [];
      head = 0;
      chars = 0;
      open.clear();
      version++;
    },
    /** The line with this seq, undefined when it was let go or never came. */
    get: (seq: number): StoredLine | undefined => (seq < first() ? undefined : lines[head + seq - first()]),
    first,
    end: () => end,
    size: () => lines.length - head,
    chars: () => chars,
    /** Changes whenever the content did. */
    version: () => version,
  };
}

/**
 * The seqs of the lines a test accepts, kept up as lines come and go. `update`
 * looks only at what is new; the last line may still have grown, so it is
 * looked at again.
 */
export type LineIndex = ReturnType<typeof createLineIndex>;

export function createLineIndex(store: LogStore, accepts: (line: StoredLine) => boolean) {
  let seqs: number[] = [];
  let head = 0;
  let next = store.first();
  let dropped = 0;

  function dropOld(first: number): void {
    while (head < seqs.length && seqs[head]! < first) {
      head++;
      dropped++;
    }
    if (head > 4096 && head > seqs.length / 2) {
      seqs = seqs.slice(head);
      head = 0;
    }
  }

  return {
    update(): void {
      const first = store.first();
      dropOld(first);
      const from = Math.max(first, next - 2);
      while (seqs.length > head && seqs.at(-1)! >= from) seqs.pop();
      for (let seq = from; seq < store.end(); seq++) {
        const line = store.get(seq);
        if (line && accepts(line)) seqs.push(seq);
      }
      next = store.end();
    },
    size: () => seqs.length - head,
    /** How many entries were let go at the beginning, ever. */
    dropped: () => dropped,
    at: (index: number): number | undefined => seqs[head + index],
    /** The index of the first seq that is not below `seq`. */
    position(seq: number): number {
      let low = head;
      let high = seqs.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (seqs[middle]! < seq) low = middle + 1;
        else high = middle;
      }
      return low - head;
    },
  };
}
