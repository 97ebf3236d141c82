import type { FirewallState } from '#core/networks/ports.ts';

/**
 * The whole nftables table of one instance, as a script that replaces the one
 * in force in a single transaction. Nothing of other tables is touched, so a
 * packet that another table drops (a Docker on the same host sets the policy
 * of its FORWARD chain to DROP) stays dropped: an accept here cannot undo it.
 */
export type RuleOptions = {
  table: string;
  /** TCP ports of the engine itself: no container reaches them by any address of the host. */
  protectedPorts: readonly number[];
};

type Published = FirewallState['published'][number];

const quoted = (names: readonly string[]): string => `{ ${names.map((name) => `"${name}"`).join(', ')} }`;
const isLoopback = (address: string): boolean => address.startsWith('127.');
const ANY = '0.0.0.0';

/** One translation rule for all ports of a protocol on any address, one for those on a given address. */
function translations(published: readonly Published[]): string[] {
  const lines: string[] = [];
  for (const protocol of ['tcp', 'udp', 'sctp'] as const) {
    const given = published.filter((it) => it.protocol === protocol && it.hostIp !== ANY);
    const any = published.filter((it) => it.protocol === protocol && it.hostIp === ANY);
    if (given.length > 0) {
      const elements = given.map((it) => `${it.hostIp} . ${it.hostPort} : ${it.ip} . ${it.port}`);
      lines.push(`dnat ip to ip daddr . ${protocol} dport map { ${elements.join(', ')} }`);
    }
    if (any.length > 0) {
      const elements = any.map((it) => `${it.hostPort} : ${it.ip} . ${it.port}`);
      lines.push(`dnat ip to ${protocol} dport map { ${elements.join(', ')} }`);
    }
  }
  return lines;
}

function prerouting(state: FirewallState): string[] {
  const lines = state.networks
    .filter((network) => network.names)
    .map(
      (network) =>
        `iifname "${network.bridge}" ip daddr 127.0.0.11 meta l4proto { tcp, udp } th dport 53 dnat to ${network.gateway}:53`,
    );
  // From outside a loopback address is forged, whatever was published there.
  lines.push('ip daddr != 127.0.0.0/8 fib daddr type local jump published');
  return lines;
}

function forward(state: FirewallState, bridges: string): string[] {
  const internal = state.networks.filter((network) => network.internal).map((network) => network.bridge);
  return [
    `iifname != ${bridges} oifname != ${bridges} accept`,
    'ct state established,related accept',
    'ct status dnat accept',
    ...state.networks.map((it) => `iifname "${it.bridge}" oifname "${it.bridge}" ${it.icc ? 'accept' : 'drop'}`),
    ...(internal.length > 0 ? [`iifname ${quoted(internal)} drop`] : []),
    // From another network, or from outside to what is not published.
    `oifname ${bridges} drop`,
  ];
}

function input(state: FirewallState, bridges: string, protectedPorts: readonly number[]): string[] {
  const lines = [
    // Answers to the host's own requests: their destination is translated back to 127.0.0.1 before they get here.
    `iifname ${bridges} ct direction reply ct state established,related accept`,
    `iifname ${bridges} ip daddr 127.0.0.0/8 drop`,
  ];
  if (protectedPorts.length > 0) {
    lines.push(`iifname ${bridges} tcp dport { ${protectedPorts.join(', ')} } reject with tcp reset`);
  }
  for (const network of state.networks.filter((it) => it.names)) {
    // Names of a network are for those on it.
    lines.push(
      `ip daddr ${network.gateway} iifname != { "${network.bridge}", "lo" } meta l4proto { tcp, udp } th dport 53 drop`,
    );
  }
  return lines;
}

function postrouting(state: FirewallState, bridges: string): string[] {
  return [
    `oifname ${bridges} ip saddr 127.0.0.0/8 masquerade`,
    ...state.networks.flatMap((network) => {
      // A container that reaches its neighbour (or itself) by a published port must get the answer through the host.
      const lines = [`oifname "${network.bridge}" ip saddr ${network.subnet} ct status dnat masquerade`];
      if (network.masquerade && !network.internal) {
        lines.push(`oifname != { "${network.bridge}", "lo" } ip saddr ${network.subnet} masquerade`);
      }
      return lines;
    }),
  ];
}

const chain = (name: string, hook: string, lines: readonly string[]): string =>
  [
    `  chain ${name} {`,
    ...(hook ? [`    ${hook}; policy accept;`] : []),
    ...lines.map((it) => `    ${it}`),
    '  }',
  ].join('\n');

export function renderRules(state: FirewallState, options: RuleOptions): string {
  const head = `add table ip ${options.table}\ndelete table ip ${options.table}\n`;
  if (state.networks.length === 0) return head;
  const bridges = quoted(state.networks.map((network) => network.bridge));
  const chains = [
    chain('published', '', translations(state.published.filter((it) => !isLoopback(it.hostIp)))),
    chain('published_on_loopback', '', translations(state.published.filter((it) => isLoopback(it.hostIp)))),
    chain('prerouting', 'type nat hook prerouting priority dstnat', prerouting(state)),
    chain('output', 'type nat hook output priority -100', [
      'ip daddr 127.0.0.0/8 jump published_on_loopback',
      'fib daddr type local jump published',
    ]),
    chain('forward', 'type filter hook forward priority filter', forward(state, bridges)),
    chain('input', 'type filter hook input priority filter', input(state, bridges, options.protectedPorts)),
    chain('postrouting', 'type nat hook postrouting priority srcnat', postrouting(state, bridges)),
  ];
  return `${head}table ip ${options.table} {\n${chains.join('\n')}\n}\n`;
}
