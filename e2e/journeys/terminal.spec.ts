import type { Page } from '@playwright/test';
import { expect, openContainer, signIn, test } from '../support/fixtures.ts';
import { until } from '../support/until.ts';

const IMAGE = 'gantry/busybox:latest';
const screenOf = (page: Page, name = 'shell') => page.getByRole('region', { name: `Terminal in ${name}` });
const typeInto = async (page: Page, text: string): Promise<void> =>
  screenOf(page).getByRole('textbox', { name: 'Terminal input' }).pressSequentially(text);

test.beforeEach(({ engine }) => engine.docker('run', '-d', '--name', 'shell', IMAGE, 'sleep', '3600'));

test('shells are offered, tabs live on in the dock, size follows, the process ends with its tab', async ({
  page,
  engine,
}) => {
  const runs = async (command: string): Promise<boolean> => (await engine.docker('top', 'shell')).includes(command);

  await test.step('the best shell opens by itself, and its size follows the page', async () => {
    await openContainer(page, engine, 'shell', 'terminal');
    await expect(screenOf(page)).toContainText('#');
    const columns = async (): Promise<number> => {
      await typeInto(page, 'clear; echo "=$(stty size)="\n');
      await expect(screenOf(page)).toContainText(/=\d+ \d+=/);
      return Number(/=\d+ (\d+)=/.exec((await screenOf(page).textContent()) ?? '')?.[1]);
    };
    const wide = await columns();
    await page.setViewportSize({ width: 900, height: 700 });
    await expect.poll(columns).toBeLessThan(wide - 20);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await test.step('a second tab, with a shell, a user and a directory of choice', async () => {
    await page.getByRole('button', { name: 'New terminal' }).click();
    const dialog = page.getByRole('dialog', { name: 'New terminal' });
    await expect(dialog.getByLabel('Shell')).toContainText('sh');
    await dialog.getByLabel('User').fill('1000');
    await dialog.getByLabel('Working directory').fill('/tmp');
    await dialog.getByRole('button', { name: 'Open terminal' }).click();
    await expect(screenOf(page)).toContainText('$');
    await typeInto(page, 'echo "$(id -u) in $(pwd)"; sleep 76543\n');
    await expect(screenOf(page)).toContainText('1000 in /tmp');
    await until(() => runs('sleep 76543'), 'what was typed runs');
  });

  await test.step('both survive navigation in the dock', async () => {
    await page.getByRole('link', { name: 'Images' }).click();
    const dock = page.getByRole('region', { name: 'Dock' });
    await expect(dock.getByRole('listitem')).toHaveCount(2);
    await dock.getByRole('button', { name: 'shell 2', exact: true }).click();
    await expect(screenOf(page)).toContainText('1000 in /tmp');
    await dock.getByRole('button', { name: 'shell', exact: true }).click();
    await typeInto(page, 'echo still $((40+2))\n');
    await expect(screenOf(page)).toContainText('still 42');
    expect(await runs('sleep 76543')).toBe(true);
  });

  await test.step('closing a tab ends what ran in it', async () => {
    const dock = page.getByRole('region', { name: 'Dock' });
    await dock.getByRole('button', { name: 'Close shell 2' }).click();
    await until(async () => !(await runs('sleep 76543')), 'the process of the closed tab has ended');
    await expect(dock.getByRole('listitem')).toHaveCount(1);
  });

  await test.step('the exit code is said, and it starts again', async () => {
    await typeInto(page, 'exit 7\n');
    await expect(page.getByText('Exited with code 7')).toBeVisible();
    await page.getByRole('button', { name: 'Start again' }).click();
    await expect(page.getByText('Exited with code 7')).toBeHidden();
    // The prompt of the new shell, below what the old one left.
    await expect(screenOf(page)).toContainText(/exit 7.*BusyBox.*#/s);
    await typeInto(page, 'echo again $((6*7))\n');
    await expect(screenOf(page)).toContainText('again 42');
  });
});

test('ending the session ends its terminal within five seconds', async ({
  openContext,
  account,
  engine,
  complaints,
}) => {
  complaints.allow(/status of 401/);
  const context = await openContext();
  const page = await context.newPage();
  await page.goto('/');
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible();
  await openContainer(page, engine, 'shell', 'terminal');
  await expect(screenOf(page)).toContainText('#');
  await typeInto(page, 'sleep 65432\n');
  await until(async () => (await engine.docker('top', 'shell')).includes('sleep 65432'), 'what was typed runs');

  const me = await (await context.request.get('/api/v1/session')).json();
  const answer = await account.request('DELETE', `/api/v1/sessions/${me.session.id}`);
  expect(answer.ok).toBe(true);
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible({ timeout: 5000 });
  await until(
    async () => !(await engine.docker('top', 'shell')).includes('sleep 65432'),
    'its process has ended',
    5000,
  );
});
