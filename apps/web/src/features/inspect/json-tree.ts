/** A JSON value as the lines of a tree: what is open, and what fits a search. */
export type TreeLine = {
  /** Path of keys from the root, joined; unique. */
  path: string;
  depth: number;
  key: string | null;
  /** `open` and `shut` are objects and lists; `leaf` is the rest. */
  kind: 'open' | 'shut' | 'leaf';
  /** A leaf's value as JSON, or how much an object or a list holds. */
  text: string;
  /** A leaf's value to copy. */
  value: string;
  type: 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array';
  match: boolean;
};

const SEPARATOR = '\u0000';

export type TreeOptions = { shut: ReadonlySet<string>; query: string };

/** With a query only what matches, and what leads there, is listed, and all of it open. */
export function treeLines(root: unknown, { shut, query }: TreeOptions): TreeLine[] {
  const needle = query.trim().toLowerCase();
  const lines: TreeLine[] = [];
  walk(root, null, '', 0);
  return lines;

  /** Whether the value, its key or anything below it matches. */
  function walk(value: unknown, key: string | null, path: string, depth: number): boolean {
    const type = typeOf(value);
    const keyFits = needle !== '' && (key ?? '').toLowerCase().includes(needle);
    if (type !== 'object' && type !== 'array') {
      const text = JSON.stringify(value) ?? 'null';
      const match = keyFits || (needle !== '' && text.toLowerCase().includes(needle));
      if (needle !== '' && !match) return false;
      lines.push({
        path,
        depth,
        key,
        kind: 'leaf',
        text,
        value: typeof value === 'string' ? value : text,
        type,
        match,
      });
      return true;
    }
    const entries = Object.entries(value as object);
    const open = needle !== '' || !shut.has(path);
    const at = lines.length;
    const text = type === 'array' ? `[${entries.length}]` : `{${entries.length}}`;
    lines.push({
      path,
      depth,
      key,
      kind: open && entries.length > 0 ? 'open' : 'shut',
      text,
      value: '',
      type,
      match: keyFits,
    });
    if (!open) return true;
    let found = keyFits || needle === '';
    for (const [name, child] of entries) {
      if (walk(child, name, path + SEPARATOR + name, depth + 1)) found = true;
    }
    if (!found) lines.length = at;
    return found;
  }
}

function typeOf(value: unknown): TreeLine['type'] {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'object' || type === 'string' || type === 'number' || type === 'boolean' ? type : 'string';
}

/** Paths of all objects and lists below the root: shutting them all leaves one level. */
export function branches(root: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown, path: string) => {
    if (value === null || typeof value !== 'object') return;
    if (path !== '') found.add(path);
    for (const [name, child] of Object.entries(value)) walk(child, path + SEPARATOR + name);
  };
  walk(root, '');
  return found;
}
