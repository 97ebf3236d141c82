/** Values one below the other in mono; a dash when there are none. */
export function ValueList({ values }: { values: readonly string[] | null | undefined }) {
  if (!values || values.length === 0) return <span className="text-faint">–</span>;
  return (
    <ul className="mono flex flex-col gap-1">
      {values.map((value) => (
        <li key={value} className="break-all">
          {value}
        </li>
      ))}
    </ul>
  );
}

/** `key=value` of a record, sorted. */
export function pairs(record: Readonly<Record<string, string>> | null | undefined): string[] {
  return Object.entries(record ?? {})
    .map(([key, value]) => (value ? `${key}=${value}` : key))
    .sort();
}
