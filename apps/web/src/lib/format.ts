const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

function scaled(value: number, base: number, units: readonly string[]): string {
  if (!Number.isFinite(value) || value < 0) return '–';
  let step = 0;
  let rest = value;
  while (rest >= base - 0.5 && step < units.length - 1) {
    rest /= base;
    step += 1;
  }
  const digits = step === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${rest.toFixed(digits)} ${units[step]}`;
}

/** Memory: powers of 1024, as the kernel counts it. */
export function formatMemory(bytes: number): string {
  return scaled(bytes, 1024, binary);
}

/** Disk and network: powers of 1000, as docker prints them. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1000, decimal);
}

/** `12.3%`, one decimal under 100. */
export function formatPercent(percent: number): string {
  if (!Number.isFinite(percent)) return '–';
  return `${percent >= 99.95 ? Math.round(percent) : percent.toFixed(1)}%`;
}

/** `3 d 4 h`, `12 min`, `5 s`. */
export function formatSeconds(total: number): string {
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min`;
  return `${Math.floor(total)} s`;
}

/** Id without its algorithm, 12 characters. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** `1 container`, `3 containers` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** Reads `512m`, `1.5g`, `64k`, `1048576`, as docker's flags do. undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?$/i.exec(text.trim());
  if (!match) return undefined;
  const power = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4 }[match[2]!.toLowerCase()] ?? 0;
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
