import { expect, it } from 'vitest';
import { toItem } from '../../lib/collections/use-containers.ts';
import { filterNetworks, toNetworkRows, validateNetwork } from './rows.ts';

const container = toItem(
  {
    Id: 'c1',
    Names: ['/web'],
    State: 'running',
    Status: 'Up 1 second',
    NetworkSettings: { Networks: { shop: { IPAddress: '10.1.0.2' } } },
  } as never,
  0,
);
const rows = toNetworkRows(
  [
    {
      Id: '1',
      Name: 'bridge',
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }] },
    },
    { Id: '2', Name: 'shop', Driver: 'bridge', IPAM: { Config: null } },
    { Id: '3', Name: 'none', Driver: 'null' },
  ] as never,
  [container],
);

it('knows system networks, subnets and who is on them', () => {
  expect(rows.map((row) => [row.system, row.subnets.join(), row.usedBy.map((item) => item.ip).join()])).toEqual([
    [true, '172.17.0.0/16', ''],
    [false, '', '10.1.0.2'],
    [true, '', ''],
  ]);
  expect(filterNetworks(rows, 'web', []).map((row) => row.id)).toEqual(['2']);
  expect(filterNetworks(rows, '172.17', ['system']).map((row) => row.id)).toEqual(['1']);
});

it.each([
  [{ name: 'shop', subnet: '', gateway: '' }, []],
  [{ name: 'shop', subnet: '10.20.0.0/24', gateway: '10.20.0.1' }, []],
  [{ name: 'a/b', subnet: '', gateway: '' }, ['name']],
  [{ name: 'shop', subnet: '10.20.0.0', gateway: '' }, ['subnet']],
  [{ name: 'shop', subnet: '10.20.0.300/24', gateway: '' }, ['subnet']],
  [{ name: 'shop', subnet: '10.20.0.0/31', gateway: '' }, ['subnet']],
  [{ name: 'shop', subnet: '', gateway: '10.0.0.1' }, ['gateway']],
])('validates %j', (form, fields) => {
  const text = { invalidName: 'n', invalidSubnet: 's', invalidGateway: 'g' };
  expect(Object.keys(validateNetwork({ ...form, internal: false }, text))).toEqual(fields);
});
