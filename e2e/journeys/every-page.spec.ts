import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { signUp } from '../support/account.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { attachOutput, expect, storageOf, watched as test } from '../support/fixtures.ts';
import { populate } from '../support/population.ts';
import { freePort } from '../support/registry.ts';
import { until } from '../support/until.ts';

type Storage = ReturnType<typeof storageOf>;
type View = { name: string; path: string; ready: (page: Page) => Promise<void> };

let engine: TestEngine;
let storageState: Storage;
const ids: Record<string, string> = {};

test.beforeAll(async () => {
  engine = await startEngine();
  const account = await signUp(engine);
  storageState = storageOf(engine, account);
  await populate(engine, account, await freePort());
  for (const name of ['shop-web', 'nightly-backup'])
    ids[name] = (await engine.docker('inspect', '-f', '{{.Id}}', name)).trim();
  await until(
    async () => (await engine.docker('ps', '--filter', 'health=unhealthy', '-q')) !== '',
    'mailer is unhealthy',
  );
});
// biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needed fixtures from the pattern
test.afterEach(({}, testInfo) => attachOutput(engine, testInfo));
test.afterAll(() => engine[Symbol.asyncDispose]());

const heading = (name: string) => (page: Page) => expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
const row = (text: string) => (page: Page) =>
  expect(page.getByRole('row').filter({ hasText: text }).first()).toBeVisible();
const tab = (name: string, ready: View['ready'], container = 'shop-web'): View => ({
  name: `container-${name}`,
  path: `/containers/${container}?tab=${name}`,
  ready,
});
const text = (wanted: string | RegExp) => (page: Page) => expect(page.getByText(wanted).first()).toBeVisible();

const VIEWS: View[] = [
  {
    name: 'overview',
    path: '/',
    ready: async (page) => {
      await text('mailer')(page);
      await text(/^\d+(\.\d+)?\s*%$/)(page);
      // For a picture worth keeping the curves need some points.
      for (let points = 0; process.env.DOCS_IMAGES && points < 8; points++) await page.waitForResponse(/\/now$/);
    },
  },
  {
    name: 'containers',
    path: '/containers',
    ready: async (page) => {
      await row('shop-web')(page);
      await expect(page.getByText(/KiB|MiB/).first()).toBeVisible();
    },
  },
  {
    name: 'create',
    path: '/containers/new?image=shop/web:2.14.1',
    ready: async (page) => {
      await page.getByRole('textbox', { name: /^Name/ }).fill('shop-web-2');
      await page.getByRole('button', { name: 'Add a variable' }).click();
      await page.getByLabel('Variable 1', { exact: true }).fill('NODE_ENV');
      await page.getByLabel('Value 1', { exact: true }).fill('production');
      await page.getByRole('button', { name: 'Publish a port' }).click();
      await page.getByLabel('Port on the host 1').fill('8080');
      await page.getByLabel('Port in the container 1').fill('80');
      await page.getByRole('button', { name: 'Add a mount' }).click();
      await page.getByLabel('Volume or path 1').fill('shop_uploads');
      await page.getByLabel('Path in the container 1').fill('/srv/uploads');
      await page.getByRole('textbox', { name: /^Memory/ }).fill('256m');
      await page.getByRole('textbox', { name: /^Name/ }).focus();
    },
  },
  { name: 'images', path: '/images', ready: row('busybox') },
  { name: 'volumes', path: '/volumes', ready: row('shop_pgdata') },
  { name: 'networks', path: '/networks', ready: row('shop_default') },
  { name: 'audit', path: '/audit', ready: text('container.create') },
  { name: 'account', path: '/account', ready: text('this one') },
  tab('overview', text('production')),
  { ...tab('overview', text('Why it stopped'), 'nightly-backup'), name: 'container-stopped' },
  tab('logs', text(/GET \/products/)),
  tab('terminal', async (page) => {
    const screen = page.getByRole('region', { name: /^Terminal in/ });
    await expect(screen).toContainText('#');
    const type = (keys: string) => screen.getByRole('textbox', { name: 'Terminal input' }).pressSequentially(keys);
    await type('ls -l /srv && ps\n');
    await expect(screen).toContainText('httpd -p 80');
    await type('wget -qO- http://localhost/\n');
    await expect(screen).toContainText('<h1>Shop</h1>');
  }),
  tab('stats', async (page) => expect(page.locator('canvas').first()).toBeVisible()),
  tab('processes', text(/httpd/)),
  tab('inspect', text('HostConfig')),
  tab('history', text(/create/)),
  { name: 'not-found', path: '/no/such/page', ready: text('There is no page at this address.') },
];

const LOOKS = (['dark', 'light'] as const).flatMap((colorScheme) => [
  { colorScheme, size: 'desk', viewport: { width: 1280, height: 800 } },
  { colorScheme, size: 'phone', viewport: { width: 390, height: 844 } },
]);
const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, 'test-results/pages');
/** With DOCS_IMAGES=1 these are written into docs/images. */
const PICTURED = [
  'overview-dark-desk',
  'containers-dark-desk',
  'containers-light-desk',
  'containers-dark-phone',
  'container-logs-dark-desk',
  'container-logs-dark-phone',
  'container-terminal-dark-desk',
  'container-stopped-light-desk',
  'create-dark-desk',
  'images-dark-desk',
  'audit-dark-desk',
];

/** Every look of a page: its picture, what axe says, and that nothing is wider than the window. */
async function check(page: Page, name: string): Promise<void> {
  await mkdir(OUT, { recursive: true });
  for (const { colorScheme, size, viewport } of LOOKS) {
    const look = `${name}-${colorScheme}-${size}`;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await expect(page.locator('html')).toHaveClass(colorScheme === 'dark' ? /\bdark\b/ : /^(?!.*\bdark\b)/);
    await page.screenshot({ path: join(OUT, `${look}.png`) });
    if (process.env.DOCS_IMAGES && PICTURED.includes(look)) {
      await mkdir(join(ROOT, 'docs/images'), { recursive: true });
      await copyFile(join(OUT, `${look}.png`), join(ROOT, 'docs/images', `${look}.png`));
    }
    const axe = new AxeBuilder({ page });
    // What does not depend on the colours is the same in both themes.
    if (colorScheme === 'light') axe.withRules(['color-contrast', 'link-in-text-block']);
    const { violations } = await axe.analyze();
    const bad = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`);
    expect.soft(bad, `${look}: accessibility`).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(overflow, `${look}: wider than the window by`).toBeLessThanOrEqual(0);
  }
}

for (const view of VIEWS) {
  test(`${view.name}: dark and light, desk and phone, no serious axe violation`, async ({ browser, complaints }) => {
    // The page that does not exist is answered with 404.
    complaints.allow(/status of 404.*no\/such\/page/);
    const context = await browser.newContext({
      baseURL: engine.url,
      storageState,
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    });
    complaints.watch(context);
    const page = await context.newPage();
    await page.goto(view.path.replace(/(?<=containers\/)(shop-web|nightly-backup)/, (name) => ids[name] ?? name));
    await view.ready(page);
    await expect(page.locator('main [aria-busy="true"]')).toHaveCount(0);
    await check(page, view.name);
    await context.close();
  });
}

test('sign-in: dark and light, desk and phone, no serious axe violation', async ({ browser, complaints }) => {
  complaints.allow(/status of 401/);
  const context = await browser.newContext({ baseURL: engine.url, colorScheme: 'dark', reducedMotion: 'reduce' });
  complaints.watch(context);
  const page = await context.newPage();
  await page.goto('/sign-in');
  await heading('Sign in')(page);
  await check(page, 'sign-in');
  await context.close();
});
