import type { ContainerItem } from '../../lib/collections/use-containers.ts';
import type { NetworkSummary } from '../../lib/docker.ts';

export type NetworkRow = {
  id: string;
  network: NetworkSummary;
  system: boolean;
  subnets: string[];
  gateways: string[];
  /** Containers set to be on it, running or not. */
  usedBy: (ContainerItem & { ip: string })[];
};

export type NetworkChip = 'used' | 'unused' | 'system';
export const networkChips: readonly NetworkChip[] = ['used', 'unused', 'system'];

const SYSTEM = new Set(['bridge', 'host', 'none']);

export function toNetworkRows(networks: readonly NetworkSummary[], containers: readonly ContainerItem[]): NetworkRow[] {
  const users = new Map<string, NetworkRow['usedBy']>();
  for (const item of containers) {
    for (const [name, endpoint] of Object.entries(item.summary.NetworkSettings?.Networks ?? {})) {
      users.set(name, [...(users.get(name) ?? []), { ...item, ip: endpoint.IPAddress ?? '' }]);
    }
  }
  return networks.map((network) => {
    const config = network.IPAM?.Config ?? [];
    return {
      id: network.Id,
      network,
      system: SYSTEM.has(network.Name),
      subnets: config.map((one) => one.Subnet ?? '').filter(Boolean),
      gateways: config.map((one) => one.Gateway ?? '').filter(Boolean),
      usedBy: users.get(network.Name) ?? [],
    };
  });
}

export function inNetworkChip(row: NetworkRow, chip: NetworkChip): boolean {
  if (chip === 'system') return row.system;
  return chip === 'used' ? row.usedBy.length > 0 : row.usedBy.length === 0;
}

export function filterNetworks(
  rows: readonly NetworkRow[],
  filter: string,
  chips: readonly NetworkChip[],
): NetworkRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = [row.network.Name, row.id, row.network.Driver, ...row.subnets, ...row.usedBy.map((item) => item.name)]
      .join('\n')
      .toLowerCase();
    return (
      (chips.length === 0 || chips.some((chip) => inNetworkChip(row, chip))) &&
      words.every((word) => text.includes(word))
    );
  });
}

export type NetworkForm = { name: string; subnet: string; gateway: string; internal: boolean };
export type NetworkFormErrors = Partial<Record<'name' | 'subnet' | 'gateway', string>>;

const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4 = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`);

export function validateNetwork(
  form: NetworkForm,
  text: { invalidName: string; invalidSubnet: string; invalidGateway: string },
): NetworkFormErrors {
  const errors: NetworkFormErrors = {};
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(form.name)) errors.name = text.invalidName;
  const [address, bits, ...rest] = form.subnet.split('/');
  const subnet = IPV4.test(address ?? '') && /^\d{1,2}$/.test(bits ?? '') && Number(bits) <= 30 && rest.length === 0;
  if (form.subnet && !subnet) errors.subnet = text.invalidSubnet;
  if (form.gateway && (!IPV4.test(form.gateway) || !form.subnet)) errors.gateway = text.invalidGateway;
  return errors;
}
