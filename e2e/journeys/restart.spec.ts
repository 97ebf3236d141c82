import { readFile } from 'node:fs/promises';
import { signUp } from '../support/account.ts';
import { startEngine } from '../support/engine.ts';
import { expect, openContainer, storageOf, watched as test } from '../support/fixtures.ts';
import { freePort } from '../support/registry.ts';
import { until } from '../support/until.ts';

test('the engine is killed: the page says so, comes back, and no log line is lost or doubled', async ({
  browser,
  complaints,
}) => {
  // What the browser logs while nobody answers.
  complaints.allow(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket/);
  const engine = await startEngine({ args: ['--port', String(await freePort())] });
  try {
    const storageState = storageOf(engine, await signUp(engine));
    const context = await browser.newContext({ baseURL: engine.url, storageState });
    complaints.watch(context);
    const page = await context.newPage();
    const script = 'i=0; while :; do i=$((i+1)); echo "tick $i;"; usleep 20000; done';
    await engine.docker('run', '-d', '--name', 'clock', 'gantry/busybox:latest', 'sh', '-c', script);
    await openContainer(page, engine, 'clock', 'logs');
    const log = page.getByRole('region', { name: 'Log lines' });
    const newest = async (): Promise<number> =>
      Math.max(0, ...[...((await log.textContent()) ?? '').matchAll(/tick (\d+);/g)].map((match) => Number(match[1])));
    await until(async () => (await newest()) > 20, 'lines arrive');

    await engine.crash();
    await expect(page.getByText('The connection is lost. The log goes on by itself when it is back.')).toBeVisible();
    await expect(page.getByText('Live updates stopped: the engine does not answer. Trying again.')).toBeVisible();
    const seen = await newest();
    await engine.restart();
    await expect(page.getByText('The connection is lost.')).toBeHidden();
    await expect(page.getByText('Live updates stopped')).toBeHidden();
    await until(async () => (await newest()) > seen + 100, 'lines arrive again');
    expect(await engine.docker('ps', '--format', '{{.Names}} {{.State}}')).toBe('clock running\n');

    await page.getByRole('button', { name: 'Download' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'What is shown here' }).click(),
    ]);
    const text = await readFile(await download.path(), 'utf8');
    const ticks = [...text.matchAll(/tick (\d+);$/gm)].map((match) => Number(match[1]));
    expect(ticks).toEqual(ticks.map((_, index) => index + 1));
    expect(ticks.length).toBeGreaterThan(seen + 100);
    await context.close();
  } finally {
    await engine[Symbol.asyncDispose]();
  }
});
