import { Meter } from './meter.tsx';

export type Layer = { id: string; status: string; current: number; total: number; done: boolean };

/** A pull, layer by layer, with the engine's own words. */
export function LayerProgress({
  layers,
  lines,
  format,
}: {
  layers: readonly Layer[];
  lines: readonly string[];
  format: (bytes: number) => string;
}) {
  return (
    <div className="mono flex flex-col gap-1.5" role="status" aria-live="off">
      {lines.slice(0, 1).map((line) => (
        <p key={line} className="break-words text-muted">
          {line}
        </p>
      ))}
      {layers.map((layer) => (
        <div key={layer.id} className="grid grid-cols-[1fr_auto] items-center gap-x-3 gap-y-1">
          <span className="text-muted">{layer.id}</span>
          <span className="text-right text-faint">
            {layer.done || layer.total === 0
              ? layer.status
              : `${layer.status} ${format(layer.current)} / ${format(layer.total)}`}
          </span>
          <Meter
            plain
            className="col-span-2"
            label={`${layer.id}: ${layer.status}`}
            value={layer.done ? 1 : layer.current}
            max={layer.done ? 1 : layer.total}
          />
        </div>
      ))}
      {lines.slice(1).map((line) => (
        <p key={line} className="break-words text-muted">
          {line}
        </p>
      ))}
    </div>
  );
}
