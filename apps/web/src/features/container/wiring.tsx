'use client';
import { ExternalLink } from 'lucide-react';
import Link from 'next/link';
import type { ContainerInspect } from '#lib/docker.ts';
import { container as words } from '#lib/strings/container.ts';
import { Badge } from '#ui/badge.tsx';
import { Panel } from './panel.tsx';

const facts = words.facts;

type Binding = { HostIp: string; HostPort: string };

/** A link a browser can follow: TCP only; every address means the one this page came from. */
function hrefOf(port: string, binding: Binding): string | null {
  if (!port.endsWith('/tcp') || !/^\d+$/.test(binding.HostPort)) return null;
  const wide = ['', '0.0.0.0', '::'].includes(binding.HostIp);
  const at = wide ? location.hostname : binding.HostIp.includes(':') ? `[${binding.HostIp}]` : binding.HostIp;
  return `${/^(443|8443)\//.test(port) ? 'https' : 'http'}://${at}:${binding.HostPort}/`;
}

export function PortsPanel({ container }: { container: ContainerInspect }) {
  const ports = Object.entries(container.NetworkSettings.Ports ?? {}) as [string, Binding[] | null][];
  if (ports.length === 0) return null;
  return (
    <Panel title={facts.ports} count={ports.length}>
      <ul className="mono flex flex-col gap-1.5">
        {ports.map(([port, bindings]) => (
          <li key={port} className="flex flex-wrap items-center gap-x-3">
            <span className="min-w-16">{port}</span>
            {(bindings ?? []).length === 0 && <span className="font-sans text-faint">{facts.notPublished}</span>}
            {(bindings ?? []).map((binding) => (
              <Published key={`${binding.HostIp}:${binding.HostPort}`} port={port} binding={binding} />
            ))}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Published({ port, binding }: { port: string; binding: Binding }) {
  const label = `${binding.HostIp.includes(':') ? `[${binding.HostIp}]` : binding.HostIp || '0.0.0.0'}:${binding.HostPort}`;
  const href = hrefOf(port, binding);
  const loopback = binding.HostIp === '127.0.0.1' || binding.HostIp === '::1';
  return (
    <span className="inline-flex items-center gap-2">
      {href ? (
        <a
          href={href}
          target="_blank"
          rel="noreferrer noopener"
          className="inline-flex items-center gap-1 underline decoration-control underline-offset-3 hover:decoration-text"
        >
          {label}
          <ExternalLink className="size-3 text-faint" aria-hidden />
        </a>
      ) : (
        label
      )}
      {loopback && <Badge>{facts.loopback}</Badge>}
    </span>
  );
}

export function NetworksPanel({ container }: { container: ContainerInspect }) {
  const networks = Object.entries(container.NetworkSettings.Networks ?? {});
  if (networks.length === 0) return null;
  return (
    <Panel title={facts.networks} count={networks.length}>
      <ul className="flex flex-col gap-1.5">
        {networks.map(([name, network]) => (
          <li key={name} className="flex flex-wrap items-baseline gap-x-3">
            <Link
              href={`/networks?q=${encodeURIComponent(name)}`}
              prefetch={false}
              className="min-w-16 underline decoration-control underline-offset-3 hover:decoration-text"
            >
              {name}
            </Link>
            <span className="mono text-muted">
              {network.IPAddress && `${network.IPAddress}/${network.IPPrefixLen}`}
            </span>
            <span className="mono text-faint">{network.MacAddress}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function MountsPanel({ container }: { container: ContainerInspect }) {
  if (container.Mounts.length === 0) return null;
  return (
    <Panel title={facts.mounts} count={container.Mounts.length}>
      <ul className="flex flex-col gap-2">
        {container.Mounts.map((mount) => (
          <li key={mount.Destination} className="flex flex-col">
            <span className="flex flex-wrap items-center gap-2">
              <span className="mono break-all">{mount.Destination}</span>
              <Badge>{mount.Type}</Badge>
              {!mount.RW && <Badge>{facts.readOnly}</Badge>}
            </span>
            <span className="mono break-all text-faint">{mount.Type === 'volume' ? mount.Name : mount.Source}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
