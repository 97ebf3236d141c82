'use client';
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

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
};

const HEIGHT = 168;

/** Colours follow the theme, so they are read when drawn. */
const color = (tone: Line['tone']) => {
  const name = tone === 'limit' ? '--watch' : tone === 1 ? '--chart-1' : '--chart-2';
  return () => getComputedStyle(document.documentElement).getPropertyValue(name);
};

const rule = () => getComputedStyle(document.documentElement).getPropertyValue('--line');
const faint = () => getComputedStyle(document.documentElement).getPropertyValue('--faint');

function optionsOf(props: ChartProps, width: number, mono: string): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: faint,
    font: `11px ${mono}`,
    grid: { stroke: rule, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [12, 8, 0, 0],
    legend: { show: true, live: true },
    cursor: { points: { size: 5 }, drag: { setScale: false, x: false, y: false } },
    scales: {
      x: { time: true },
      y: { range: (_plot, _min, max) => [0, Math.max(props.base === 2 ? 1024 : 1, (max ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, space: 90 },
      {
        ...axis,
        size: 72,
        ...(props.base === 2 ? { incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) } : {}),
        values: (_plot, splits) => splits.map((value) => props.format(value)),
      },
    ],
    series: [
      { label: '', value: (_plot, value) => (value == null ? '' : new Date(value * 1000).toLocaleTimeString()) },
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: color(line.tone),
        width: line.tone === 'limit' ? 1 : 1.5,
        ...(line.tone === 'limit' ? { dash: [4, 4] } : {}),
        points: { show: false },
        spanGaps: false,
        value: (_plot: uPlot, value: number | null) => (value == null ? '–' : props.format(value)),
      })),
    ],
  };
}

/** A small wrapper: uPlot draws, React only hands it the data. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = props.lines.map((line) => line.label).join('|');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart is made again only when its lines are others
  useEffect(() => {
    const element = place.current!;
    const mono = getComputedStyle(document.documentElement).getPropertyValue('--font-mono') || 'monospace';
    const made = new uPlot(optionsOf(latest.current, element.clientWidth, mono), dataOf(latest.current), element);
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
      plot.current?.setData(dataOf(props), true);
      plot.current?.setScale('x', { min: end - props.window, max: end });
    });
  }, [props]);
  return (
    <section className="panel min-w-0 px-4 pt-3 pb-2" aria-label={props.title}>
      <header className="flex items-baseline justify-between gap-4">
        <h2 className="text-base">{props.title}</h2>
        <p className="mono text-muted">{now(props)}</p>
      </header>
      <div ref={place} className="chart" />
    </section>
  );
}

const dataOf = ({ time, lines }: ChartProps): uPlot.AlignedData => [time, ...lines.map((line) => line.values)];

/** The newest values as text: what a chart says without eyes. */
function now({ lines, format }: ChartProps): string {
  return lines
    .map((line) => {
      const value = line.values.at(-1);
      const text = value === null || value === undefined ? '–' : format(value);
      return lines.length > 1 ? `${line.label} ${text}` : text;
    })
    .join(' · ');
}
