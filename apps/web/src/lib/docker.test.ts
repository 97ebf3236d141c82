import { describe, expect, it } from 'vitest';
import { containerName, publishedPorts, shortImage, statusAge, summaryState } from './docker.ts';

describe('the state of a container in a list', () => {
  it.each([
    ['running', 'Up 2 minutes', 'running'],
    ['running', 'Up 2 minutes (healthy)', 'healthy'],
    ['running', 'Up 2 minutes (unhealthy)', 'unhealthy'],
    ['running', 'Up 3 seconds (health: starting)', 'starting'],
    ['exited', 'Exited (0) 3 hours ago', 'exited'],
    ['exited', 'Exited (143) 3 hours ago', 'exited'],
    ['exited', 'Exited (1) 3 hours ago', 'failed'],
    ['restarting', 'Restarting (1) 2 seconds ago', 'restarting'],
    ['created', 'Created', 'created'],
    ['paused', 'Up 4 hours (Paused)', 'paused'],
    ['something-new', '', 'exited'],
  ])('%s, %j is %s', (State, Status, expected) => {
    expect(summaryState({ State, Status })).toBe(expected);
  });
});

describe('how long ago a status began', () => {
  it.each([
    ['Up Less than a second', 0],
    ['Up 5 seconds', 5_000],
    ['Up About a minute', 60_000],
    ['Up About an hour (healthy)', 3_600_000],
    ['Up 3 weeks', 1_814_400_000],
    ['Exited (137) 2 minutes ago', 120_000],
    ['Exited (1) Less than a second ago', 0],
    ['Created', null],
    ['', null],
  ])('%j', (status, expected) => {
    expect(statusAge(status)).toBe(expected);
  });
});

describe('published ports', () => {
  it('shows a port once for both families and links to the host the page came from', () => {
    expect(
      publishedPorts(
        [
          { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
          { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
          { IP: '127.0.0.1', PrivatePort: 443, PublicPort: 8443, Type: 'tcp' },
          { IP: '', PrivatePort: 53, PublicPort: 53, Type: 'udp' },
          { PrivatePort: 9000, Type: 'tcp' } as never,
        ],
        'box.lan',
      ),
    ).toEqual([
      { key: '53-53/udp', label: '53→53/udp', href: null },
      { key: '8080-80/tcp', label: '8080→80', href: 'http://box.lan:8080/' },
      { key: '8443-443/tcp', label: '8443→443', href: 'https://127.0.0.1:8443/' },
    ]);
  });
});

it('names a container without its slash, or by its id', () => {
  expect(containerName({ Id: 'abcdef0123456789', Names: ['/web'] })).toBe('web');
  expect(containerName({ Id: 'abcdef0123456789', Names: [] })).toBe('abcdef012345');
});

it('shortens images', () => {
  expect(shortImage('docker.io/library/nginx:1.27@sha256:abc123')).toBe('nginx:1.27');
  expect(shortImage(`sha256:${'0123456789ab'.repeat(5)}`)).toBe('0123456789ab');
});
