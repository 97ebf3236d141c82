import { describe, expect, it } from 'vitest';
import { completeHostConfig } from './defaults.ts';
import type { HostConfigInput, HostFacts, HostLimits } from './request.ts';
import { createWarnings } from './warnings.ts';

const host: HostFacts = {
  cpus: 2,
  cgroupVersion: 2,
  hostname: () => 'machine',
  runtimes: ['runc'],
  architecture: 'amd64',
};
const all: HostLimits = {
  swap: true,
  swappiness: true,
  oomKillDisable: true,
  blkioWeight: true,
  realtime: true,
  lowestOomScore: -1000,
  apparmor: true,
};
const none: HostLimits = {
  swap: false,
  swappiness: false,
  oomKillDisable: false,
  blkioWeight: false,
  realtime: false,
  ulimits: new Map([['nofile', 100]]),
  lowestOomScore: 0,
  apparmor: false,
};
const MiB = 1024 * 1024;
const warnings = (input: HostConfigInput, limits?: HostLimits): string[] =>
  createWarnings(completeHostConfig(input, host, '1.51'), input, limits);

describe('warnings of create', () => {
  it.each([
    [{ Memory: 64 * MiB, MemorySwap: 128 * MiB }, 'swap limit'],
    [{ MemorySwappiness: 60 }, 'memory swappiness'],
    [{ Memory: 64 * MiB, OomKillDisable: true }, 'OomKillDisable discarded'],
    [{ BlkioWeight: 300 }, 'Weight discarded'],
    [{ BlkioWeightDevice: [{ Path: '/dev/x', Weight: 10 }] }, 'Weight-device discarded'],
    [{ OomScoreAdj: -5 }, 'OOM score to -5'],
    [{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: -1 }] }, 'ulimit nofile to -1'],
  ] as [HostConfigInput, string][])('%j where the host cannot: %s', (input, text) => {
    expect(warnings(input, none)).toEqual([expect.stringContaining(text)]);
    expect(warnings(input, all)).toEqual([]);
    expect(warnings(input)).toEqual([]);
  });

  it.each([
    [{ NetworkMode: 'host', PortBindings: { '80/tcp': [] } }, 'Published ports are discarded'],
    [{ OomKillDisable: true }, 'OOM killer is disabled'],
    [{ SecurityOpt: ['label=type:x'] }, 'label=type:x has no effect'],
    [{ LogConfig: { Type: 'json-file', Config: { tag: 'x' } } }, 'log option tag'],
  ] as [HostConfigInput, string][])('%j anywhere: %s', (input, text) => {
    expect(warnings(input, all)).toEqual([expect.stringContaining(text)]);
  });

  it('are none for what is asked of every host', () => {
    const usual = { Memory: 64 * MiB, MemorySwappiness: -1, OomScoreAdj: 10, SecurityOpt: ['label=disable'] };
    expect(warnings(usual, none)).toEqual([]);
  });
});
