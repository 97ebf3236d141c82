'use client';
import type { StatsSample } from '@contract/realtime.ts';
import { useEffect, useState } from 'react';
import { formatBytes, formatMemory, formatPercent } from '#lib/format.ts';
import { useStats } from '#lib/live.tsx';
import { statsWords as words } from '#lib/strings/container.ts';
import { Spinner } from '#ui/button.tsx';
import { Chip } from '#ui/list-toolbar.tsx';
import { Chart, type Line } from './chart.tsx';
import { addSample, emptySeries, type Series } from './series.ts';

const WINDOWS = [2, 10, 30];
const LONGEST = 30 * 60_000;

/** The samples since this view opened, as series. */
function useSeries(host: string, container: string): Series {
  const sample = useStats(host, container);
  const [state, setState] = useState<{ series: Series; last: StatsSample | null }>({
    series: emptySeries(),
    last: null,
  });
  useEffect(() => {
    if (!sample) return;
    setState(({ series, last }) =>
      last && sample.at <= last.at
        ? { series, last }
        : { series: addSample(series, last, sample, LONGEST), last: sample },
    );
  }, [sample]);
  return state.series;
}

export function StatsView({ host, container, running }: { host: string; container: string; running: boolean }) {
  const series = useSeries(host, container);
  const [minutes, setMinutes] = useState(2);
  if (!running && series.time.length === 0) return <Nothing />;
  if (series.time.length === 0) return <Waiting />;
  const chart = { time: series.time, window: minutes * 60 };
  const line = (label: string, values: Line['values'], tone: Line['tone'] = 1): Line => ({ label, values, tone });
  const rate = (value: number) => `${formatBytes(value)}/s`;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-6 py-5 max-md:px-4">
      <fieldset className="mb-4 flex gap-2" aria-label={words.window}>
        {WINDOWS.map((each) => (
          <Chip key={each} on={minutes === each} onToggle={() => setMinutes(each)}>
            {words.minutes(each)}
          </Chip>
        ))}
      </fieldset>
      <div className="grid gap-4 xl:grid-cols-2">
        <Chart
          {...chart}
          title={words.cpu}
          base={10}
          floor={10}
          format={formatPercent}
          lines={[line(words.cpu, series.cpu)]}
        />
        <Chart
          {...chart}
          title={words.memory}
          base={2}
          floor={2 ** 20}
          format={formatMemory}
          lines={[line(words.memory, series.memory), line(words.limit, series.limit, 'limit')]}
        />
        <Chart
          {...chart}
          title={words.network}
          base={10}
          floor={1000}
          format={rate}
          lines={[line(words.received, series.received), line(words.sent, series.sent, 2)]}
        />
        <Chart
          {...chart}
          title={words.disk}
          base={10}
          floor={1000}
          format={rate}
          lines={[line(words.read, series.read), line(words.written, series.written, 2)]}
        />
        <Chart
          {...chart}
          title={words.pids}
          base={10}
          floor={4}
          format={(value) => value.toFixed(0)}
          lines={[line(words.pids, series.pids)]}
        />
      </div>
    </div>
  );
}

function Nothing() {
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-1 py-16">
      <p>{words.stopped}</p>
      <p className="text-muted text-sm">{words.stoppedText}</p>
    </div>
  );
}

function Waiting() {
  return (
    <p role="status" className="flex flex-1 items-center justify-center gap-2 py-16 text-muted">
      <Spinner />
      {words.waiting}
    </p>
  );
}
