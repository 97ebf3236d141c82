'use client';
import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { dockerPath, messageOf, request } from '#lib/request.ts';
import { processWords as words } from '#lib/strings/container.ts';
import { Button } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { Problem } from '#ui/problem.tsx';

type Top = { Titles: string[]; Processes: string[][] };

/** Read again this often while the tab can be seen. */
const EVERY_MS = 3000;

/** What runs inside, as the host sees it. */
export function ProcessesView({ host, container, running }: { host: string; container: string; running: boolean }) {
  const top = useQuery({
    queryKey: ['container-top', host, container],
    enabled: running,
    refetchInterval: EVERY_MS,
    gcTime: 0,
    queryFn: ({ signal }) => request<Top>(dockerPath(host, `/containers/${container}/top`), { signal }),
  });
  if (!running) {
    return (
      <div className="flex flex-1 flex-col items-center justify-center gap-1 py-16">
        <p>{words.stopped}</p>
        <p className="text-muted text-sm">{words.stoppedText}</p>
      </div>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-11 shrink-0 items-center justify-between gap-2 border-b px-6 py-1.5 max-md:px-4">
        <span className="text-muted" aria-live="polite">
          {top.data && words.count(top.data.Processes.length)}
        </span>
        <Button
          size="sm"
          icon={<RefreshCw className="size-3.5" />}
          busy={top.isFetching && !top.data}
          onClick={() => void top.refetch()}
        >
          {words.refresh}
        </Button>
      </div>
      {top.error && (
        <Problem className="m-6 max-md:mx-4" title={words.failed} onRetry={() => void top.refetch()}>
          {messageOf(top.error)}
        </Problem>
      )}
      {top.data && <Table top={top.data} />}
    </div>
  );
}

const NUMBERS = new Set(['PID', 'PPID', 'C', '%CPU', '%MEM', 'VSZ', 'RSS', 'TIME']);

function Table({ top }: { top: Top }) {
  const pid = top.Titles.indexOf('PID');
  const last = top.Titles.length - 1;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section className="min-h-0 flex-1 overflow-auto outline-offset-[-2px]" aria-label={words.label} tabIndex={0}>
      <table className="w-full border-separate border-spacing-0">
        <thead>
          <tr>
            {top.Titles.map((title, index) => (
              <th
                key={title}
                scope="col"
                className={cx(
                  'sticky top-0 h-8 border-b bg-page px-3 font-normal text-muted text-sm first:pl-6 last:pr-6',
                  NUMBERS.has(title) ? 'text-right' : 'text-left',
                  index === last && 'w-full',
                )}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="mono">
          {top.Processes.map((row, at) => (
            <tr key={row[pid] ?? at} className="hover:bg-hover">
              {row.map((cell, index) => (
                <td
                  key={top.Titles[index]}
                  className={cx(
                    'h-9 whitespace-nowrap border-b px-3 first:pl-6 last:pr-6',
                    NUMBERS.has(top.Titles[index] ?? '') ? 'text-right' : 'text-left',
                  )}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
