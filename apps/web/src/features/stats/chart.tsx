'use client';
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { cx } from '#ui/class-names.ts';

export type Line = { label: string; values: (number | null)[]; tone: 1 | 2 | 'limit' };

type ChartProps = {
  title: string;
  time: number[];
  lines: Line[];
  format: (value: number) => string;
  /** Seconds from the newest sample back. */
  window: number;
  /** Powers of two for memory, of ten for the rest. */
  base: 2 | 10;
  /** The scale reaches at least this far, so that noise does not look like work. */
  floor: number;
};

const HEIGHT = 168;

const TONES = {
  1: { variable: '--chart-1', mark: 'chart-mark-1' },
  2: { variable: '--chart-2', mark: 'chart-mark-2' },
  limit: { variable: '--watch', mark: 'chart-mark-limit' },
} as const;

/** Colours follow the theme, so they are read when drawn. */
const read = (variable: string) => () => getComputedStyle(document.documentElement).getPropertyValue(variable);

const two = (value: number) => String(value).padStart(2, '0');

function clock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function optionsOf(props: ChartProps, width: number, onCursor: (index: number | null) => void): uPlot.Options {
  const font = `11px ${read('--font-geist-mono')() || 'monospace'}`;
  const axis: uPlot.Axis = {
    stroke: read('--faint'),
    font,
    grid: { stroke: read('--line'), width: 1 },
    ticks: { show: false },
  };
  const powers = props.base === 2 ? { incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) } : {};
  return {
    width,
    height: HEIGHT,
    padding: [12, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { setScale: false, x: false, y: false } },
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(props.floor, max ?? 0) * 1.08] } },
    axes: [
      { ...axis, space: 100, size: 28, values: (_plot, splits) => splits.map(clock) },
      {
        ...axis,
        ...powers,
        size: 78,
        space: 36,
        values: (_plot, splits) => splits.map((value) => props.format(value)),
      },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: read(TONES[line.tone].variable),
        width: line.tone === 'limit' ? 1 : 1.5,
        ...(line.tone === 'limit' ? { dash: [4, 4] } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

/** A small wrapper: uPlot draws, React hands it the data and shows the values under the cursor, else the newest. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const shape = props.lines.map((line) => line.label).join('|');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart is made again only when its lines are others
  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(optionsOf(props, element.clientWidth, setCursor), dataOf(props), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const theme = new MutationObserver(() => made.redraw(false, true));
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] });
    return () => {
      observer.disconnect();
      theme.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => {
    const end = props.time.at(-1) ?? Date.now() / 1000;
    plot.current?.batch(() => {
      plot.current?.setData([props.time, ...props.lines.map((line) => line.values)], true);
      plot.current?.setScale('x', { min: end - props.window, max: end });
    });
  }, [props.time, props.lines, props.window]);
  return (
    <section className="panel min-w-0 px-4 pt-3 pb-2" aria-label={props.title}>
      <header className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 className="text-base">{props.title}</h2>
        <Values {...props} cursor={cursor} />
      </header>
      <div ref={place} className="chart" />
    </section>
  );
}

const dataOf = ({ time, lines }: ChartProps): uPlot.AlignedData => [time, ...lines.map((line) => line.values)];

function Values({ time, lines, format, cursor }: ChartProps & { cursor: number | null }) {
  const at = cursor !== null && cursor < time.length ? cursor : time.length - 1;
  return (
    <p className="mono flex flex-wrap gap-x-4 text-muted">
      {at !== time.length - 1 && <span className="text-faint">{clock(time[at] ?? 0)}</span>}
      {lines.map((line) => {
        const value = line.values[at];
        return (
          <span key={line.label} className="flex items-center gap-1.5">
            {lines.length > 1 && <span className={cx('chart-mark', TONES[line.tone].mark)} />}
            {lines.length > 1 && <span className="text-faint">{line.label}</span>}
            {value === null || value === undefined ? '–' : format(value)}
          </span>
        );
      })}
    </p>
  );
}
