import { EngineError } from '#core/errors.ts';
import { isIP } from '#lib/ip-address.ts';
import type { HostFacts } from './request.ts';
import type { HostConfig, RestartPolicy } from './types.ts';
import { assertPort, hasControl } from './validate-config.ts';
import { validateResources } from './validate-resources.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

export function validateHostConfig(config: HostConfig, host: HostFacts): void {
  validateResources(config, host);
  validateRestartPolicy(config.RestartPolicy);
  if (config.AutoRemove && config.RestartPolicy.Name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  validateNamespaces(config);
  validateNaming(config);
  validatePorts(config);
  validateSecurity(config, host);
  validateSysctls(config);
  validateUlimits(config);
  validateDevices(config);
  validateLog(config);
  if (!host.runtimes.includes(config.Runtime)) throw invalid(`unknown or invalid runtime name: ${config.Runtime}`);
  if (config.Isolation !== '' && config.Isolation !== 'default') {
    throw invalid(`invalid isolation ${JSON.stringify(config.Isolation)}: only 'default' is known on Linux`);
  }
  if (config.StorageOpt && Object.keys(config.StorageOpt).length > 0) {
    throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
  if (config.CgroupParent.includes('\0') || hasControl(config.CgroupParent)) throw invalid('invalid cgroup parent');
}

export function validateRestartPolicy(policy: RestartPolicy): void {
  const bad = (why: string): EngineError => invalid(`invalid restart policy: ${why}`);
  if (!['no', 'always', 'on-failure', 'unless-stopped'].includes(policy.Name)) {
    throw bad(`unknown policy '${policy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (policy.MaximumRetryCount < 0) throw bad('maximum retry count cannot be negative');
  if (policy.MaximumRetryCount > 0 && policy.Name !== 'on-failure') {
    throw bad("maximum retry count can only be used with 'on-failure'");
  }
}

function validateNamespaces(config: HostConfig): void {
  const container = (mode: string): boolean => mode.startsWith('container:') && mode.length > 'container:'.length;
  if (!['none', 'private', 'shareable', 'host'].includes(config.IpcMode) && !container(config.IpcMode)) {
    throw invalid(`invalid IPC mode: ${config.IpcMode}`);
  }
  if (!['', 'private', 'host'].includes(config.PidMode) && !container(config.PidMode)) {
    throw invalid(`invalid PID mode: ${config.PidMode}`);
  }
  if (!['', 'private', 'host'].includes(config.UTSMode)) throw invalid(`invalid UTS mode: ${config.UTSMode}`);
  if (!['private', 'host'].includes(config.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${config.CgroupnsMode}`);
  }
  // Without a remapped root there is only the host's user namespace.
  if (config.UsernsMode !== '' && config.UsernsMode !== 'host') {
    throw invalid(`invalid user namespace mode: ${JSON.stringify(config.UsernsMode)}`);
  }
  if (config.NetworkMode.startsWith('container:') && !container(config.NetworkMode)) {
    throw invalid('Invalid network mode: invalid container format container:<name|id>');
  }
  if (config.Cgroup !== '') throw invalid(`invalid cgroup mode: ${config.Cgroup}`);
}

/** What is written into hosts and resolv.conf must be one word on one line. */
function validateNaming(config: HostConfig): void {
  for (const server of config.Dns ?? []) {
    if (isIP(server) === 0) throw invalid(`IP address is not correctly formatted: ${server}`);
  }
  for (const domain of config.DnsSearch ?? []) {
    if (domain !== '.' && !/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/.test(domain)) throw invalid(`invalid domain: ${domain}`);
    if (domain.length > 255) throw invalid('invalid domain: longer than 255 characters');
  }
  for (const option of config.DnsOptions ?? []) {
    if (!/^[a-zA-Z0-9_-]+(:[a-zA-Z0-9_-]+)?$/.test(option))
      throw invalid(`invalid DNS option: ${JSON.stringify(option)}`);
  }
  for (const entry of config.ExtraHosts ?? []) {
    const match = /^([^:=\s]+)[:=](.+)$/.exec(entry);
    if (!match || hasControl(entry)) throw invalid(`bad format for add-host: ${JSON.stringify(entry)}`);
    const address = (match[2] ?? '').replace(/^\[(.*)\]$/, '$1');
    if (address !== 'host-gateway' && isIP(address) === 0) {
      throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
    }
  }
  for (const group of config.GroupAdd ?? []) {
    if (group === '' || hasControl(group)) throw invalid(`invalid group: ${JSON.stringify(group)}`);
  }
}

function validatePorts(config: HostConfig): void {
  for (const [port, bindings] of Object.entries(config.PortBindings)) {
    assertPort(port);
    for (const binding of bindings ?? []) {
      if (binding.HostIp !== '' && isIP(binding.HostIp) === 0) throw invalid(`invalid IP address: ${binding.HostIp}`);
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(binding.HostPort);
      if (binding.HostPort === '' || binding.HostPort === '0') continue;
      const from = Number(match?.[1]);
      const to = Number(match?.[2] ?? match?.[1]);
      if (!match || from < 1 || to < from || to > 65535) {
        throw invalid(`invalid port specification: ${JSON.stringify(binding.HostPort)}`);
      }
    }
  }
}

function validateSecurity(config: HostConfig, host: HostFacts): void {
  for (const option of config.SecurityOpt ?? []) {
    const [key = '', ...rest] = option.split(/[=:]/);
    const value = option.slice(key.length + 1);
    const known =
      (key === 'no-new-privileges' && (rest.length === 0 || value === 'true' || value === 'false')) ||
      (['seccomp', 'apparmor', 'label'].includes(key) && rest.length > 0);
    if (!known) throw invalid(`invalid --security-opt: ${JSON.stringify(option.slice(0, 200))}`);
    if (key === 'apparmor' && value !== 'unconfined' && host.limits?.apparmor === false) {
      throw invalid(`AppArmor is not enabled on this host: the profile ${JSON.stringify(value)} cannot be loaded`);
    }
    if (key === 'seccomp' && value !== 'unconfined' && value !== 'builtin') {
      try {
        JSON.parse(value);
      } catch {
        throw invalid('Decoding seccomp profile failed: the profile is not valid JSON');
      }
    }
  }
}

/** Those that a namespace of the container's own separates from the host. */
const IPC_SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

function validateSysctls(config: HostConfig): void {
  for (const [key, value] of Object.entries(config.Sysctls ?? {})) {
    if (hasControl(key) || hasControl(value) || !/^[a-z0-9_.*/-]+$/i.test(key) || key.includes('..')) {
      throw invalid(`invalid sysctl: ${JSON.stringify(key)}`);
    }
    const ipc = IPC_SYSCTLS.has(key) || key.startsWith('fs.mqueue.');
    const net = key.startsWith('net.');
    if (!ipc && !net) throw invalid(`sysctl ${JSON.stringify(key)} is not in a separate kernel namespace`);
    if (ipc && config.IpcMode === 'host')
      throw invalid(`sysctl ${JSON.stringify(key)} is not allowed in the host ipc namespace`);
    if (net && config.NetworkMode === 'host') {
      throw invalid(`sysctl ${JSON.stringify(key)} not allowed in host network namespace`);
    }
  }
}

const ULIMITS = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

function validateUlimits(config: HostConfig): void {
  for (const { Name, Soft, Hard } of config.Ulimits ?? []) {
    if (!ULIMITS.has(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    if (Soft < -1 || Hard < -1) throw invalid(`invalid value for ulimit ${Name}: use -1 for unlimited`);
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
}

function validateDevices(config: HostConfig): void {
  for (const device of config.Devices ?? []) {
    if (!device.PathOnHost.startsWith('/') || hasControl(device.PathOnHost)) {
      throw invalid(`invalid device path: ${JSON.stringify(device.PathOnHost)}`);
    }
    if (!device.PathInContainer.startsWith('/') || hasControl(device.PathInContainer)) {
      throw invalid(`invalid device path in container: ${JSON.stringify(device.PathInContainer)}`);
    }
    if (!/^[rwm]{1,3}$/.test(device.CgroupPermissions))
      throw invalid(`invalid device mode: ${device.CgroupPermissions}`);
  }
  for (const rule of config.DeviceCgroupRules ?? []) {
    if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule))
      throw invalid(`invalid device cgroup rule format: '${rule}'`);
  }
  const [request] = config.DeviceRequests ?? [];
  if (request !== undefined) {
    const { Driver = '', Capabilities } = request as { Driver?: unknown; Capabilities?: unknown };
    const wanted = Array.isArray(Capabilities)
      ? Capabilities.map((set) => `[${Array.isArray(set) ? set.map(String).join(' ') : ''}]`).join(' ')
      : '';
    throw invalid(`could not select device driver ${JSON.stringify(String(Driver))} with capabilities: [${wanted}]`);
  }
}

const LOG_OPTIONS = new Set(
  'max-file max-size compress labels labels-regex env env-regex tag mode max-buffer-size'.split(' '),
);

function validateLog(config: HostConfig): void {
  const { Type, Config } = config.LogConfig;
  if (!['json-file', 'local', 'none'].includes(Type)) {
    throw invalid(`logger: no log driver named '${Type}' is registered`);
  }
  for (const [key, value] of Object.entries(Config)) {
    if (!LOG_OPTIONS.has(key)) throw invalid(`unknown log opt '${key}' for ${Type} log driver`);
    if (key === 'max-size' && value !== '-1' && !/^\d+(\.\d+)?\s?([kmgt]i?b?|b)?$/i.test(value)) {
      throw invalid(`invalid size: '${value}'`);
    }
    if (key === 'max-file' && !/^[1-9]\d{0,4}$/.test(value))
      throw invalid(`max-file cannot be less than 1: '${value}'`);
  }
}
