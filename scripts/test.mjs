#!/usr/bin/env node
// Runs every test, one stage after another, and ends with one line of counts. `npm test -- unit host` runs only those stages.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { report } from './progress.mjs';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, '.cache');
const bin = (...parts) => join(ROOT, 'node_modules', ...parts);
const counts = { passed: 0, failed: 0, skipped: 0 };
const complaints = [];

/** Runs a program with its output on ours; resolves with its exit code. */
function run(file, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function add(name, result) {
  for (const key of Object.keys(counts)) counts[key] += result[key];
  if (result.failed > 0) complaints.push(`${name}: ${result.failed} failed`);
}

/** A check is one test: the exit code says it. */
async function check(name, file, args) {
  const code = await run(file, args);
  report(`${code === 0 ? 'ok' : 'FAILED'}  ${name}`);
  add(name, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
}

/** The counts a runner wrote; a runner that ended badly without a failed test counts as one failure. */
function judge(name, code, read) {
  let result = { passed: 0, failed: 0, skipped: 0 };
  try {
    result = read();
  } catch (error) {
    report(`${name}: no result was written (${error.message})`);
  }
  if (code !== 0 && result.failed === 0) result.failed = 1;
  if (result.passed + result.failed === 0) result.failed = 1;
  add(name, result);
}

async function vitest(project) {
  const file = join(CACHE, `vitest-${project}.json`);
  rmSync(file, { force: true });
  const code = await run(process.execPath, [
    bin('vitest/vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter',
    'default',
    '--reporter',
    'json',
    '--outputFile.json',
    file,
  ]);
  judge(project, code, () => {
    const data = JSON.parse(readFileSync(file, 'utf8'));
    const tests = data.testResults.flatMap((suite) => suite.assertionResults);
    // A test that passed at its second try keeps the message of its first.
    for (const test of tests) {
      if (test.status === 'passed' && test.failureMessages.length > 0) {
        report(`passed only at the second try: ${test.fullName}\n${test.failureMessages[0].split('\n')[0]}`);
      }
    }
    for (const test of tests)
      if (test.status === 'skipped' || test.status === 'pending') report(`skipped: ${test.fullName}`);
    // A suite that fails before its tests (an import, a hook) has no failed test of its own.
    const broken = data.testResults.filter(
      (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
    );
    return {
      passed: data.numPassedTests,
      failed: data.numFailedTests + broken.length,
      skipped: data.numPendingTests + (data.numTodoTests ?? 0),
    };
  });
}

async function playwright() {
  const file = join(CACHE, 'playwright.json');
  rmSync(file, { force: true });
  const code = await run(
    process.execPath,
    [bin('@playwright/test/cli.js'), 'test', '--config', 'e2e/playwright.config.ts'],
    {
      PLAYWRIGHT_JSON_OUTPUT_FILE: file,
    },
  );
  judge('e2e', code, () => {
    const { stats } = JSON.parse(readFileSync(file, 'utf8'));
    if (stats.flaky > 0) report(`passed only at the second try: ${stats.flaky}`);
    return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped };
  });
}

const STAGES = {
  check: async () => {
    await check('format, lint and import directions', bin('.bin/biome'), [
      'ci',
      '--error-on-warnings',
      '--colors=off',
      '.',
    ]);
    await check('types of the engine', bin('.bin/tsc'), ['-p', 'apps/engine']);
    await check('types of the site', bin('.bin/tsc'), ['-p', 'apps/web']);
    if (existsSync(join(ROOT, 'e2e/tsconfig.json')))
      await check('types of the end-to-end tests', bin('.bin/tsc'), ['-p', 'e2e']);
  },
  unit: () => vitest('unit'),
  host: () => vitest('host'),
  compat: () => vitest('compat'),
  e2e: playwright,
};

mkdirSync(CACHE, { recursive: true });
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in STAGES));
if (unknown) {
  report(`There is no stage "${unknown}": ${Object.keys(STAGES).join(', ')}.`);
  process.exit(2);
}
const begun = Date.now();
for (const [name, stage] of Object.entries(STAGES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const since = Date.now();
  report(`\n== ${name} (${Math.round((since - begun) / 1000)} s since the start)`);
  await stage();
  report(`== ${name} took ${Math.round((Date.now() - since) / 1000)} s`);
}
for (const line of complaints) report(line);
report(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
