import { describe, expect, it } from 'vitest';
import { hostsFile, resolvConf } from './files.ts';

const resolv = (wanted: Partial<Parameters<typeof resolvConf>[0]> = {}) =>
  resolvConf({
    host: '# made by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53 # near\nnameserver fe80::1\nsearch example.org\noptions edns0\n',
    names: false,
    sameAsHost: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    ...wanted,
  });

describe('resolv.conf', () => {
  it('on the default bridge has the servers of the host that a container can reach', () => {
    expect(resolv()).toBe('nameserver 192.0.2.53\nsearch example.org\noptions edns0\n');
  });

  it('falls back to public servers when there is none', () => {
    expect(resolv({ host: 'nameserver 127.0.0.53\n' })).toBe('nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  });

  it('on a network of the user has the resolver of the network, whatever --dns says', () => {
    expect(resolv({ names: true, dns: ['9.9.9.9'] })).toBe(
      'nameserver 127.0.0.11\nsearch example.org\noptions edns0 ndots:0\n',
    );
    expect(resolv({ names: true, dnsOptions: ['ndots:3'] })).toContain('options ndots:3\n');
  });

  it('takes what the container asks for', () => {
    expect(resolv({ dns: ['9.9.9.9'], dnsSearch: ['x.y'], dnsOptions: ['ndots:3'] })).toBe(
      'nameserver 9.9.9.9\nsearch x.y\noptions ndots:3\n',
    );
    expect(resolv({ dnsSearch: ['.'] })).not.toContain('search');
  });

  it('is the host’s own on the host’s network', () => {
    expect(resolv({ sameAsHost: true })).toContain('# made by hand');
  });

  it('never takes over a line break', () => {
    expect(resolv({ dns: ['1.1.1.1\nnameserver 6.6.6.6'], dnsSearch: ['a\nnameserver 6.6.6.6'] })).not.toContain(
      '6.6.6.6',
    );
  });
});

describe('hosts', () => {
  const hosts = (wanted: Partial<Parameters<typeof hostsFile>[0]> = {}) =>
    hostsFile({
      hostname: 'box',
      addresses: ['172.17.0.2'],
      extraHosts: [],
      gateway: '172.17.0.1',
      links: [],
      ...wanted,
    });

  it('has the container under its own name', () => {
    expect(hosts()).toMatch(/^127\.0\.0\.1\tlocalhost\n/);
    expect(hosts()).toMatch(/\n172\.17\.0\.2\tbox\n$/);
    expect(hosts({ hostname: 'box.example.org' })).toContain('172.17.0.2\tbox.example.org box\n');
  });

  it('has extra hosts, with the gateway for host-gateway, and links', () => {
    const text = hosts({
      extraHosts: ['foo:1.2.3.4', 'six:[::1]', 'up:host-gateway', 'bad\n:1.1.1.1'],
      links: [{ address: '172.17.0.3', names: 'db abc other' }],
    });
    for (const line of ['1.2.3.4\tfoo', '::1\tsix', '172.17.0.1\tup', '172.17.0.3\tdb abc other']) {
      expect(text).toContain(`\n${line}\n`);
    }
    expect(text).not.toContain('bad');
  });

  it('on the host’s network is the host’s own with what was asked for', () => {
    expect(hosts({ base: '127.0.0.1 here\n\n', hostname: '', addresses: [], extraHosts: ['foo:1.2.3.4'] })).toBe(
      '127.0.0.1 here\n1.2.3.4\tfoo\n',
    );
  });
});
