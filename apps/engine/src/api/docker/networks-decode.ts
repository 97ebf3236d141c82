import { z } from 'zod';
import type { NetworkCreate } from '#core/networks/create.ts';
import type { IpamPool } from '#core/networks/types.ts';
import { endpointOf, endpointSchema } from './container-decode.ts';
import { decodeBody } from './decode.ts';
import { stringMap } from './string-map.ts';

const text = z.string().nullish();
const flag = z.boolean().nullish();

const createSchema = z.object({
  Name: text,
  Driver: text,
  Scope: text,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: z.object({ Network: text }).nullish(),
  EnableIPv4: flag,
  EnableIPv6: flag,
  IPAM: z
    .object({
      Driver: text,
      Options: stringMap,
      Config: z
        .array(z.object({ Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: stringMap }))
        .nullish(),
    })
    .nullish(),
  Options: stringMap,
  Labels: stringMap,
});

type PoolInput = {
  Subnet?: string | null;
  IPRange?: string | null;
  Gateway?: string | null;
  AuxiliaryAddresses?: Record<string, string> | null;
};

function poolOf(input: PoolInput): IpamPool {
  const auxiliary = input.AuxiliaryAddresses ?? {};
  return {
    Subnet: input.Subnet ?? '',
    ...(input.IPRange ? { IPRange: input.IPRange } : {}),
    ...(input.Gateway ? { Gateway: input.Gateway } : {}),
    ...(Object.keys(auxiliary).length > 0 ? { AuxiliaryAddresses: auxiliary } : {}),
  };
}

const isEmptyPool = (pool: IpamPool): boolean => Object.values(pool).every((value) => value === '');

export function decodeNetworkCreate(json: unknown): NetworkCreate {
  const body = decodeBody(createSchema, json);
  const pools = (body.IPAM?.Config ?? []).map(poolOf);
  return {
    name: body.Name ?? '',
    driver: body.Driver || 'bridge',
    scope: body.Scope ?? '',
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    ingress: body.Ingress ?? false,
    configOnly: body.ConfigOnly ?? false,
    configFrom: body.ConfigFrom?.Network ?? '',
    enableIPv4: body.EnableIPv4 ?? true,
    enableIPv6: body.EnableIPv6 ?? false,
    // Clients send an empty pool for "choose one".
    ipam: {
      Driver: body.IPAM?.Driver || 'default',
      Options: body.IPAM?.Options ?? {},
      Config: pools.filter((pool) => !isEmptyPool(pool)),
    },
    options: body.Options ?? {},
    labels: body.Labels ?? {},
  };
}

const connectSchema = z.object({ Container: text, EndpointConfig: endpointSchema.nullish() });
const disconnectSchema = z.object({ Container: text, Force: flag });

export function decodeConnect(json: unknown) {
  const body = decodeBody(connectSchema, json);
  return { container: body.Container ?? '', endpoint: endpointOf(body.EndpointConfig) };
}

export function decodeDisconnect(json: unknown): { container: string; force: boolean } {
  const body = decodeBody(disconnectSchema, json);
  return { container: body.Container ?? '', force: body.Force ?? false };
}
