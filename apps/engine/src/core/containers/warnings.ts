import type { HostConfigInput, HostLimits } from './request.ts';
import type { HostConfig } from './types.ts';

const unlimited = (limit: number): number => (limit === -1 ? Number.POSITIVE_INFINITY : limit);

/** What was asked for and will not be in force on this host; in Docker's words where it has some. */
export function limitWarnings(config: HostConfig, asked: HostConfigInput, limits: HostLimits | undefined): string[] {
  if (!limits) return [];
  const checks: [boolean, string][] = [
    [
      !limits.swap && config.Memory > 0 && (asked.MemorySwap ?? 0) > 0,
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    ],
    [
      !limits.swappiness && config.MemorySwappiness !== null,
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    ],
    [
      !limits.oomKillDisable && config.OomKillDisable === true,
      'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    ],
    [
      !limits.blkioWeight && config.BlkioWeight !== 0,
      'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
    ],
    [
      !limits.blkioWeight && (config.BlkioWeightDevice ?? []).length > 0,
      'Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
    ],
    [
      config.OomScoreAdj < limits.lowestOomScore,
      `The engine may not lower the OOM score to ${config.OomScoreAdj} on this host: it is ${limits.lowestOomScore}.`,
    ],
  ];
  const ulimits = (config.Ulimits ?? []).flatMap(({ Name, Hard }) => {
    const highest = limits.ulimits?.get(Name) ?? Number.POSITIVE_INFINITY;
    return unlimited(Hard) > highest
      ? [`The engine may not raise the ulimit ${Name} to ${Hard} on this host: it is ${highest}.`]
      : [];
  });
  return [...checks.filter(([lacks]) => lacks).map(([, text]) => text), ...ulimits];
}

export function createWarnings(config: HostConfig, asked: HostConfigInput, limits: HostLimits | undefined): string[] {
  const discarded = config.NetworkMode === 'host' && Object.keys(config.PortBindings).length > 0;
  return [
    ...(discarded ? ['Published ports are discarded when using host network mode'] : []),
    ...(config.OomKillDisable === true && config.Memory === 0
      ? [
          'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
        ]
      : []),
    ...(config.SecurityOpt ?? [])
      .filter((option) => /^label[=:]/.test(option) && !/^label[=:]disable$/.test(option))
      .map((option) => `SELinux is not used by this engine: ${option} has no effect.`),
    ...logWarnings(config),
    ...limitWarnings(config, asked, limits),
  ];
}

/** Options of Docker's log drivers that change nothing here; refusing them would refuse many a working compose file. */
const UNUSED_LOG_OPTIONS = ['compress', 'env-regex', 'labels-regex', 'max-buffer-size', 'mode', 'tag'];

const logWarnings = ({ LogConfig }: HostConfig): string[] =>
  UNUSED_LOG_OPTIONS.filter((option) => {
    const value = LogConfig.Config[option];
    return value !== undefined && value !== 'false' && value !== 'blocking';
  }).map((option) => `The log option ${option} has no effect: log files are written by the container's supervisor.`);
