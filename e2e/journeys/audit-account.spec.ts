import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '../support/fixtures.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox:latest';

test('audit: filters, details, export as JSON Lines and as CSV', async ({ page, engine }) => {
  await engine.docker('run', '-d', '--name', 'ledger', '-e', 'DB_PASSWORD=keelhaul', IMAGE, 'sleep', '3600');
  await engine.docker('rm', '-f', 'ledger');
  await expect(engine.docker('rm', 'no-such-container')).rejects.toThrow();
  await page.goto('/audit');
  const rows = page.getByRole('region', { name: 'Audit rows' }).getByRole('listitem');

  await test.step('filters combine and stay in the URL', async () => {
    await page.getByLabel('Object').fill('ledger');
    await page.getByLabel('Action').fill('container.create');
    await expect(rows).toHaveCount(1);
    await expect(page).toHaveURL(/action=container\.create/);
    await page.reload();
    await expect(rows).toHaveCount(1);
    await page.getByLabel('Result').selectOption('error');
    await expect(page.getByText('No row fits the filters')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByLabel('Result').selectOption('error');
    await expect(rows.filter({ hasText: 'error 404' }).first()).toContainText('container.remove');
    await page.getByLabel('Result').selectOption('Any result');
  });

  await test.step('a row opens', async () => {
    const row = rows.filter({ hasText: 'container.create' }).filter({ hasText: 'ledger' });
    await row.getByRole('button', { expanded: false }).first().click();
    await expect(row).toContainText('POST /containers/create');
    await expect(row).toContainText('local socket');
    await expect(row).toContainText(/\d+\.\d ms/);
    await expect(page.getByText('keelhaul')).toHaveCount(0);
  });

  const exported = async (name: string): Promise<string> => {
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name }).click()]);
    return readFile(await download.path(), 'utf8');
  };

  await test.step('JSON Lines, of what is filtered', async () => {
    await page.getByLabel('Object').fill('ledger');
    await expect(page.getByText('3 rows')).toBeVisible();
    const text = await exported('JSON Lines');
    const all = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; hash: string; objectName: string });
    expect(all.map(({ action }) => action).sort()).toEqual(['container.create', 'container.remove', 'container.start']);
    for (const { hash, objectName } of all)
      expect([hash, objectName]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'ledger']);
    expect(text).not.toContain('keelhaul');
  });

  await test.step('CSV', async () => {
    const text = await exported('CSV');
    const [head = '', ...lines] = text.trimEnd().split(/\r?\n/);
    expect(head).toContain('action');
    expect(lines).toHaveLength(3);
    expect(text).not.toContain('keelhaul');
  });
});

test('account: a token is shown once, works for REST and the docker command, and ends when revoked', async ({
  page,
  engine,
}) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-token-'));
  await page.goto('/account');
  await page.getByRole('button', { name: 'Create token' }).click();
  await expect(page.getByText('Give the token a name.')).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('deploy script');
  await page.getByLabel('Expires after').selectOption('7 days');
  await page.getByRole('button', { name: 'Create token' }).click();
  const dialog = page.getByRole('dialog', { name: 'Copy the token now' });
  const secret = (await dialog.locator('pre').first().textContent()) ?? '';
  const config = (await dialog.locator('pre').nth(1).textContent()) ?? '';
  await expect(dialog).toContainText(`DOCKER_HOST=tcp://${new URL(engine.url).host}`);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await expect(dialog).toBeHidden();
  await page.reload();
  const row = page.getByRole('listitem').filter({ hasText: 'deploy script' });
  await expect(row).toContainText('never used');
  expect(await page.content()).not.toContain(secret);

  const rest = () =>
    fetch(`${engine.url}/api/v1/hosts/local/docker/containers/json`, {
      headers: { authorization: `Bearer ${secret}` },
    });
  await writeFile(join(directory, 'config.json'), config);
  const docker = () =>
    exec('docker', ['version', '--format', '{{.Server.Version}}'], {
      env: { ...process.env, DOCKER_CONFIG: directory, DOCKER_HOST: `tcp://${new URL(engine.url).host}` },
    });
  expect((await rest()).status).toBe(200);
  expect((await docker()).stdout).toMatch(/\d/);
  await page.reload();
  await expect(row).toContainText('last used');

  await row.getByRole('button', { name: 'Revoke' }).click();
  await page
    .getByRole('alertdialog', { name: 'Revoke deploy script?' })
    .getByRole('button', { name: 'Revoke' })
    .click();
  await expect(row).toHaveCount(0);
  expect((await rest()).status).toBe(401);
  await expect(docker()).rejects.toThrow();
  await rm(directory, { recursive: true });
});
