/** A thin line of the newest values; no axis, the number stands beside it. `values` oldest first, 0 to `max`. */
export function Sparkline({
  values,
  max,
  label,
  slots = 60,
}: {
  values: readonly number[];
  max: number;
  label: string;
  slots?: number;
}) {
  const step = 100 / (slots - 1);
  const from = 100 - (values.length - 1) * step;
  const points = values.map((value, index) => {
    const y = 23 - (Math.min(max, Math.max(0, value)) / (max || 1)) * 22;
    return `${(from + index * step).toFixed(2)},${y.toFixed(2)}`;
  });
  return (
    <svg
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      className="h-7 w-full text-muted"
      role="img"
      aria-label={label}
    >
      <line x1="0" x2="100" y1="23.5" y2="23.5" className="stroke-line" vectorEffect="non-scaling-stroke" />
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.25"
        vectorEffect="non-scaling-stroke"
        strokeLinejoin="round"
      />
    </svg>
  );
}
