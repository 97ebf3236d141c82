import { describe, expect, it } from 'vitest';
import type { FirewallState } from '#core/networks/ports.ts';
import { createCoalescer } from './coalesce.ts';
import { renderRules } from './rules.ts';

const network = (bridge: string, wanted: Partial<FirewallState['networks'][number]> = {}) => ({
  bridge,
  subnet: '10.0.0.0/24',
  gateway: '10.0.0.1',
  internal: false,
  masquerade: true,
  icc: true,
  names: false,
  ...wanted,
});
const port = (wanted: Partial<FirewallState['published'][number]> = {}) => ({
  protocol: 'tcp' as const,
  hostIp: '0.0.0.0',
  hostPort: 8080,
  ip: '10.0.0.2',
  port: 80,
  bridge: 'gy1',
  ...wanted,
});
const render = (state: FirewallState) => renderRules(state, { table: 'gantry_abcdef', protectedPorts: [4321] });
const chain = (text: string, name: string) => text.split(`chain ${name} {\n`)[1]?.split('\n  }')[0] ?? '';

describe('the rules of an instance', () => {
  it('replace its own table, and only that, in one transaction', () => {
    const text = render({ networks: [network('gy1')], published: [] });
    expect(text.match(/^(add|delete|flush) .*/gm)).toEqual([
      'add table ip gantry_abcdef',
      'delete table ip gantry_abcdef',
    ]);
    expect(render({ networks: [], published: [] })).toBe('add table ip gantry_abcdef\ndelete table ip gantry_abcdef\n');
  });

  it('translate a port on a loopback address for the host only', () => {
    const text = render({
      networks: [network('gy1')],
      published: [
        port(),
        port({ hostIp: '127.0.0.1', hostPort: 81 }),
        port({ protocol: 'udp', hostIp: '192.0.2.1', hostPort: 53 }),
      ],
    });
    expect(chain(text, 'published')).toContain('dnat ip to tcp dport map { 8080 : 10.0.0.2 . 80 }');
    expect(chain(text, 'published')).toContain(
      'dnat ip to ip daddr . udp dport map { 192.0.2.1 . 53 : 10.0.0.2 . 80 }',
    );
    expect(chain(text, 'published')).not.toContain('127.0.0.1');
    expect(chain(text, 'published_on_loopback')).toContain('127.0.0.1 . 81');
    expect(chain(text, 'prerouting')).not.toContain('published_on_loopback');
  });

  it('let nothing out of an internal network and masquerade nothing of it', () => {
    const text = render({
      networks: [network('gy1'), network('gy2', { internal: true, subnet: '10.1.0.0/24' })],
      published: [],
    });
    expect(chain(text, 'forward')).toContain('iifname { "gy2" } drop');
    expect(chain(text, 'postrouting')).not.toContain('oifname != { "gy2", "lo" }');
  });

  it('keep neighbours apart when a network wants that', () => {
    const text = render({ networks: [network('gy1', { icc: false })], published: [] });
    expect(chain(text, 'forward')).toContain('iifname "gy1" oifname "gy1" drop');
  });

  it('keep containers from the engine’s own port and from the host’s loopback', () => {
    const text = chain(render({ networks: [network('gy1')], published: [] }), 'input');
    expect(text).toContain('iifname { "gy1" } tcp dport { 4321 } reject with tcp reset');
    expect(text).toContain('iifname { "gy1" } ip daddr 127.0.0.0/8 drop');
  });
});

describe('rule sets that come at once', () => {
  it('share a run, and each waits for one that began after it asked', async () => {
    const runs: number[] = [];
    const gates: (() => void)[] = [];
    const apply = createCoalescer(async (state: number) => {
      runs.push(state);
      await new Promise<void>((resolve) => gates.push(resolve));
    });
    const calls = [apply(1), apply(2), apply(3)];
    gates.shift()?.();
    await calls[0];
    await expect.poll(() => gates.length).toBe(1);
    gates.shift()?.();
    await Promise.all(calls);
    expect(runs).toEqual([1, 3]);
  });

  it('fail only for those who share the run that failed', async () => {
    let fail = true;
    const apply = createCoalescer(async () => {
      if (fail) throw new Error('refused');
    });
    await expect(apply(1)).rejects.toThrow('refused');
    fail = false;
    await apply(2);
  });
});
