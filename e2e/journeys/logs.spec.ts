import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { expect, openContainer, test } from '../support/fixtures.ts';
import { until } from '../support/until.ts';

const IMAGE = 'gantry/busybox:latest';
const lines = (page: Page) => page.getByRole('region', { name: 'Log lines' });
const atEnd = (log: Locator) =>
  log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 30);

async function option(page: Page, ...names: string[]): Promise<void> {
  await page.getByRole('button', { name: 'View options' }).click();
  for (const name of names)
    await page.getByRole('menuitemradio', { name }).or(page.getByRole('menuitemcheckbox', { name })).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toBeHidden();
}

test('200,000 lines: follow and come back, search, pause, timestamps, wrap, streams, download', async ({
  page,
  engine,
}) => {
  const script = 'seq 1 200000 | sed "s/^/line /"; echo "to stderr" >&2; sleep 3600';
  await engine.docker('run', '-d', '--name', 'chatty', IMAGE, 'sh', '-c', script);
  const say = (text: string): Promise<string> =>
    engine.docker('exec', 'chatty', 'sh', '-c', `echo "${text}" > /proc/1/fd/1`);
  await until(
    async () => (await engine.docker('logs', '--tail', '2', 'chatty')).includes('line 200000'),
    'all of it is written',
  );
  const log = lines(page);
  const back = page.getByRole('button', { name: /new lines? below|To the newest line/ });

  await test.step('it opens at the end and follows', async () => {
    await openContainer(page, engine, 'chatty', 'logs');
    await option(page, 'All lines');
    await expect(page.getByText('200,001 lines').or(page.getByText('200,000 lines'))).toBeVisible({ timeout: 30_000 });
    await expect(log).toContainText('line 200000');
    await say('a boat arrives');
    await expect(log).toContainText('a boat arrives');
  });

  await test.step('scrolling up stops following and offers the way back', async () => {
    await log.hover();
    await page.mouse.wheel(0, -4000);
    await expect(back).toBeVisible();
    const place = await log.evaluate((element) => element.scrollTop);
    await say('a boat leaves');
    await expect(page.getByRole('button', { name: '1 new line below' })).toBeVisible();
    // The view holds 200,000 lines: where the oldest is let go, the place moves up by its height.
    expect(await log.evaluate((element) => element.scrollTop)).toBeGreaterThan(place - 100);
    expect(await log.evaluate((element) => element.scrollTop)).toBeLessThanOrEqual(place);
    await expect(log).not.toContainText('a boat leaves');
    await back.click();
    await expect(log).toContainText('a boat leaves');
    await expect(back).toBeHidden();
  });

  await test.step('search counts, steps and marks; a filter leaves only what fits', async () => {
    await page.keyboard.press('/');
    const search = page.getByRole('textbox', { name: 'Search' });
    await expect(search).toBeFocused();
    await search.fill('line 123456');
    await search.press('Enter');
    await expect(page.getByText('1 of 1', { exact: true })).toBeVisible();
    await expect(log.locator('mark')).toHaveText('line 123456');
    await page.getByRole('button', { name: 'Regular expression' }).click();
    await search.fill('boat (arrives|leaves)$');
    await expect(page.getByText(/^(\d of )?2$/)).toBeVisible();
    await search.press('Escape');
    const filter = page.getByRole('textbox', { name: 'Filter lines' });
    await filter.fill('line 77777');
    await expect(log).toContainText('line 77777');
    await expect(log).not.toContainText('line 77778');
    await filter.fill('no line is like this');
    await expect(page.getByText('No line fits the filter')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await expect(log).toBeVisible();
  });

  await test.step('stdout and stderr are told apart', async () => {
    await page.getByRole('button', { name: 'stdout' }).click();
    await expect(log).toContainText('to stderr');
    await expect(log).not.toContainText('a boat');
    await page.getByRole('button', { name: 'stdout' }).click();
  });

  await test.step('pause holds what comes and counts it', async () => {
    await page.getByRole('button', { name: 'Pause' }).click();
    await say('one');
    await say('two');
    await expect(page.getByRole('button', { name: 'Resume, 2 held' })).toBeVisible();
    await page.getByRole('button', { name: 'Resume, 2 held' }).click();
    if (!(await atEnd(log))) await back.click();
    await expect(log).toContainText('two');
  });

  await test.step('timestamps and wrapping', async () => {
    await expect(log).toContainText(/\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/);
    await option(page, 'Off');
    await expect(log).not.toContainText(/\d\d-\d\d \d\d:\d\d:\d\d/);
    await option(page, 'UTC');
    await expect(log).toContainText(/\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/);
    await say('long '.repeat(200));
    await expect.poll(() => log.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true);
    await option(page, 'Wrap lines');
    await expect.poll(() => log.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(false);
    await option(page, 'Wrap lines');
  });

  await test.step('download gives everything the engine kept', async () => {
    await page.getByRole('button', { name: 'Download' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Everything kept' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('chatty.log');
    const text = (await readFile(await download.path(), 'utf8')).split('\n');
    expect(text.filter((line) => / line \d+$/.test(line))).toHaveLength(200_000);
    expect(text[0]).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line 1$/);
  });
});

test('colours are text with classes, and what a container prints does nothing', async ({ page, context, engine }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: engine.url });
  const hostile = [
    `<img src=x onerror=window.harmed=1>`,
    `<script>window.harmed=1</script>`,
    `\\033]8;;javascript:window.harmed=1\\033\\\\press here\\033]8;;\\033\\\\`,
    `\\033]52;c;aGFybWVk\\007after the clipboard`,
    `\\033]0;harmed title\\007after the title`,
    `\\033[31mred alert\\033[0m and \\033[38;2;10;200;30mtrue green\\033[0m`,
    `\\033[2J\\033[10Aafter the screen`,
  ];
  const script = hostile.map((line) => `printf '%b\\n' '${line}'`).join('; ');
  await engine.docker('run', '-d', '--name', 'hostile', IMAGE, 'sh', '-c', `${script}; sleep 3600`);
  await openContainer(page, engine, 'hostile');
  await page.evaluate(() => navigator.clipboard.writeText('untouched'));
  await page.getByRole('tab', { name: 'Logs' }).click();
  const log = lines(page);
  await expect(log).toContainText('after the screen');
  await expect(log).toContainText('<img src=x onerror=window.harmed=1>');
  await expect(log).toContainText('<script>window.harmed=1</script>');
  await expect(log).toContainText('press here');
  await expect(log).toContainText('after the clipboard');
  await expect(log.getByText('red alert', { exact: true })).toHaveClass(/ansi-/);
  await expect(log.getByText('true green', { exact: true })).toHaveCSS('color', /\d/);
  await expect(log.locator('img, script, a')).toHaveCount(0);
  expect(await page.evaluate(() => (window as { harmed?: number }).harmed)).toBeUndefined();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('untouched');
  await expect(page).not.toHaveTitle(/harmed/);
});

test('200 MB of output grow neither the engine nor the browser beyond bounds', async ({ page, engine }) => {
  const rss = async (): Promise<number> =>
    Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${engine.pid}/status`, 'utf8'))?.[1]) / 1024;
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const heap = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN) / 1024 / 1024;
  };
  const text =
    'a hundred bytes of cargo, and a hundred more, and so on until the line is two hundred bytes long '.repeat(2);
  await engine.docker(
    'create',
    '--name',
    'flood',
    IMAGE,
    'sh',
    '-c',
    `yes "${text}" | head -c 209715200; echo; echo ebb`,
  );
  await openContainer(page, engine, 'flood', 'logs');
  const before = await rss();
  let engineMost = 0;
  let browserMost = 0;
  await engine.docker('start', 'flood');
  await until(
    async () => {
      engineMost = Math.max(engineMost, await rss());
      browserMost = Math.max(browserMost, await heap());
      return (await lines(page).textContent({ timeout: 1000 }))?.includes('ebb') ?? false;
    },
    'the last line is shown',
    80_000,
  );
  console.log(
    `engine ${before.toFixed()} MB before, ${engineMost.toFixed()} MB at most; browser heap ${browserMost.toFixed()} MB at most`,
  );
  expect(engineMost - before, 'growth of the engine in MB').toBeLessThan(250);
  expect(browserMost, 'heap of the browser in MB').toBeLessThan(400);
});
