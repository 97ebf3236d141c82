'use client';
import { formatBytes } from '#lib/format.ts';
import { messageOf } from '#lib/request.ts';
import { images } from '#lib/strings/images.ts';
import { Button } from '#ui/button.tsx';
import { type ImageRow, type ImageUsage, reclaimable } from './rows.ts';

/** What all images take and what could be freed, once somebody asked. */
export function DiskUsage({
  rows,
  usage,
  onMeasure,
}: {
  rows: readonly ImageRow[];
  usage: { data: ImageUsage | undefined; isFetching: boolean; error: Error | null; refetch: () => void };
  onMeasure: () => void;
}) {
  if (usage.data) {
    return (
      <>
        <span>{images.onDisk(formatBytes(usage.data.total))}</span>
        <span>{images.reclaimable(formatBytes(reclaimable(rows, usage.data)))}</span>
      </>
    );
  }
  return (
    <>
      <Button
        size="sm"
        variant="ghost"
        title={images.usageHint}
        busy={usage.isFetching}
        onClick={usage.error ? usage.refetch : onMeasure}
      >
        {images.usage}
      </Button>
      {usage.error && (
        <span role="alert" className="text-bad">
          {images.usageFailed}: {messageOf(usage.error)}
        </span>
      )}
    </>
  );
}
