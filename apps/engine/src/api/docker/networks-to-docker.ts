import type { Endpoint, NetworkRecord } from '#core/networks/types.ts';

/** `Network` of the Docker Engine API, without its containers. */
export function networkToDocker(network: NetworkRecord) {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: network.enableIPv4,
    EnableIPv6: network.enableIPv6,
    IPAM: {
      Driver: network.ipam.Driver,
      Options: Object.keys(network.ipam.Options).length > 0 ? network.ipam.Options : null,
      Config: network.ipam.Config,
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Options: network.options,
    Labels: network.labels,
  };
}

/** With the endpoints of running containers, by container id; the list has them empty since API 1.28. */
export function networkInspectToDocker(network: NetworkRecord, endpoints: readonly Endpoint[]) {
  const containers = endpoints.map((endpoint): [string, object] => [
    endpoint.containerId,
    {
      Name: endpoint.containerName,
      EndpointID: endpoint.id,
      MacAddress: endpoint.macAddress,
      IPv4Address: endpoint.ipv4 === '' ? '' : `${endpoint.ipv4}/${endpoint.ipv4PrefixLength}`,
      IPv6Address: '',
    },
  ]);
  return { ...networkToDocker(network), Containers: Object.fromEntries(containers) };
}
