/** A gantry crane in three strokes, two legs and a beam, holding one square. One colour, from 16 px up. */
export function Mark({ size = 16, className }: { size?: number; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="square"
      className={className}
      aria-hidden="true"
    >
      <path d="M3 14.1V3.1M13 14.1V3.1M1.4 2.9h13.2" />
      <rect x="6.1" y="7.2" width="3.8" height="3.8" fill="currentColor" stroke="none" />
    </svg>
  );
}

export function Wordmark({ className }: { className?: string }) {
  return (
    <span className={`inline-flex items-center gap-2 ${className ?? ''}`}>
      <Mark size={20} className="text-accent" />
      <span className="font-semibold text-lg tracking-tight">gantry</span>
    </span>
  );
}
