#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { openEndpoint } from './client.mjs';
import { removeAll } from './containers.mjs';
import { GROUPS, NEED } from './measures.mjs';

const USAGE = `usage: node bench/run.mjs name=unix:///path … [options]

The same work on every endpoint, round by round in turn. The first endpoint is compared with the others; read ratios of
one run, never times of two.

  --processes name=REGEX  command lines of that endpoint's own processes, for memory
  --only a,b              groups: ${GROUPS.map(({ name }) => name).join(' ')}
  --image REF             an image with a shell that every endpoint has (busybox:latest)
  --size N                containers of the group "hundred" (100)
  --json FILE             all samples and the machine
  --check                 exit 1 when a measure misses what it is to reach against the endpoint named "docker"`;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      processes: { type: 'string', multiple: true, default: [] },
      only: { type: 'string' },
      image: { type: 'string', default: 'busybox:latest' },
      size: { type: 'string', default: '100' },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    console.log(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  const patterns = new Map(
    values.processes.map((text) => [text.split('=', 1)[0], new RegExp(text.slice(text.indexOf('=') + 1))]),
  );
  const endpoints = positionals.map((spec) => openEndpoint(spec, patterns.get(spec.split('=', 1)[0])));
  const wanted = values.only?.split(',');
  const groups = GROUPS.filter(({ name }) => !wanted || wanted.some((each) => name.startsWith(each)));
  return { ...values, size: Number(values.size), endpoints, groups };
}

const quantile = (samples, share) => {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};

const show = (value) => (value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value.toFixed(2));

/** Measure → endpoint → samples. */
function createResults() {
  const measures = new Map();
  const failures = [];
  const recorder = (endpoint) => (name, value, unit) => {
    const measure = measures.get(name) ?? { unit, samples: {} };
    measures.set(name, measure);
    measure.samples[endpoint] ??= [];
    measure.samples[endpoint].push(value);
  };
  return { measures, failures, recorder };
}

function verdict(name, mine, docker) {
  const need = NEED[name];
  if (!need || mine === undefined) return '';
  if (need.at !== undefined) return mine <= need.at ? 'yes' : 'no';
  if (docker === undefined) return '';
  const ratio = mine / docker;
  return (need.share > 1 ? ratio >= need.share : ratio <= need.share) ? 'yes' : 'no';
}

function table({ measures }, names) {
  const rows = [];
  for (const [name, { unit, samples }] of measures) {
    const medians = names.map((each) => samples[each] && quantile(samples[each], 0.5));
    const [first] = medians;
    const ratios = medians.slice(1).map((value) => show(value && first / value));
    const docker = medians[names.indexOf('docker')];
    const { share, at } = NEED[name] ?? {};
    const need = share ? `${share > 1 ? '≥' : '≤'} ${show(share)}` : at ? `≤ ${at} ${unit}` : '';
    const reached = verdict(name, first, docker);
    rows.push({ name, reached, cells: [name, unit, ...medians.map(show), ...ratios, need, reached] });
  }
  const head = [
    'measure',
    'unit',
    ...names,
    ...names.slice(1).map((each) => `${names[0]} / ${each}`),
    'need',
    'reached',
  ];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index < 2 ? '---' : '---:'));
  return { rows, text: [line(head), line(rule), ...rows.map(({ cells }) => line(cells))].join('\n') };
}

const machine = () => ({
  processors: cpus().length,
  model: cpus()[0]?.model,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  cgroups: /cgroup2 \/sys\/fs\/cgroup /.test(readFileSync('/proc/mounts', 'latin1')) ? 'v2' : 'v1',
  load: loadavg(),
});

async function runGroup(group, options, results) {
  for (let round = 0; round < group.rounds; round += 1) {
    for (const api of options.endpoints) {
      const context = { image: options.image, size: options.size, record: results.recorder(api.name) };
      try {
        await group.round(api, context);
      } catch (error) {
        results.failures.push(`${api.name} ${group.name}: ${error.message}`);
      }
    }
  }
}

async function main() {
  const options = readOptions();
  const results = createResults();
  const before = machine();
  try {
    for (const group of options.groups) {
      process.stderr.write(`${group.name} `);
      await runGroup(group, options, results);
    }
  } finally {
    for (const api of options.endpoints) await removeAll(api).catch((error) => results.failures.push(error.message));
  }
  const names = options.endpoints.map(({ name }) => name);
  const { rows, text } = table(results, names);
  console.log(`\n${text}`);
  for (const failure of results.failures) console.log(`- ${failure}`);
  if (options.json) {
    const measures = Object.fromEntries(results.measures);
    const summary = { machine: before, loadAfter: loadavg(), measures, failures: results.failures };
    writeFileSync(options.json, `${JSON.stringify(summary, null, 1)}\n`);
  }
  for (const api of options.endpoints) api.close();
  const missed = rows.some(({ reached }) => reached === 'no');
  if (results.failures.length > 0 || (options.check && missed)) process.exitCode = 1;
}

await main();
