import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures.ts';
import { freePort } from '../support/registry.ts';
import { until } from '../support/until.ts';

const IMAGE = 'gantry/busybox:latest';

test('run a container by the form, watch it, work in it, stop it, find it in the audit, remove it', async ({
  page,
  engine,
}) => {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'gantry-site-'));
  await writeFile(join(directory, 'index.html'), 'cranes at work\n');
  const row = page.getByRole('row').filter({ hasText: 'harbour' });

  await test.step('the form says at the field what is wrong', async () => {
    await page.goto('/containers');
    await expect(page.getByRole('heading', { name: 'No containers yet' })).toBeVisible();
    await page.getByRole('link', { name: 'Run a container' }).first().click();
    await expect(page.getByRole('heading', { level: 1, name: 'Run a container' })).toBeVisible();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(page.getByText('Name an image.')).toBeVisible();
    await expect(page.getByLabel('Image')).toBeFocused();
    await page.getByLabel('Image').fill('Not An Image');
    await page.getByRole('textbox', { name: /^Name/ }).fill('-');
    await page.getByRole('textbox', { name: /^Command/ }).fill('sh -c "open');
    await page.getByRole('textbox', { name: /^Memory/ }).fill('plenty');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(page.getByText('This is not the name of an image.')).toBeVisible();
    await expect(page.getByText('beginning with a letter or digit; at least two characters.')).toBeVisible();
    await expect(page.getByText('A quote is not closed.')).toBeVisible();
    await expect(page.getByText('A size such as 512m or 2g, at least 6m.')).toBeVisible();
  });

  await test.step('filled in, it shows the docker line that does the same', async () => {
    await page.getByLabel('Image').fill(IMAGE);
    await page.getByRole('textbox', { name: /^Name/ }).fill('harbour');
    await page
      .getByRole('textbox', { name: /^Command/ })
      .fill(`sh -c 'echo "mooring $SHIP"; exec httpd -f -v -p 80 -h /site'`);
    await page.getByRole('button', { name: 'Add a variable' }).click();
    await page.getByLabel('Variable 1', { exact: true }).fill('SHIP');
    await page.getByLabel('Value 1', { exact: true }).fill('Aurora');
    await page.getByRole('button', { name: 'Publish a port' }).click();
    await page.getByLabel('Address on the host 1').fill('127.0.0.1');
    await page.getByLabel('Port on the host 1').fill(String(port));
    await page.getByLabel('Port in the container 1').fill('80');
    await page.getByRole('button', { name: 'Add a mount' }).click();
    await page.getByLabel('Kind 1').selectOption('Host path');
    await page.getByLabel('Volume or path 1').fill(directory);
    await page.getByLabel('Path in the container 1').fill('/site');
    await page.getByRole('textbox', { name: /^Memory/ }).fill('64m');
    await page.getByRole('textbox', { name: /^CPUs/ }).fill('0.5');
    await page.getByLabel('When it ends', { exact: true }).selectOption('Restart after an error');
    const line = page.getByRole('region', { name: 'The same by command' });
    for (const piece of [
      'docker run',
      '--name harbour',
      'SHIP=Aurora',
      `127.0.0.1:${port}:80`,
      `type=bind,src=${directory},dst=/site`,
      '64m',
      '--cpus 0.5',
      '--restart on-failure',
      IMAGE,
    ])
      await expect(line).toContainText(piece);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'harbour' })).toBeVisible();
  });

  await test.step('the engine made what was asked for, and the port answers', async () => {
    const [made] = JSON.parse(await engine.docker('inspect', 'harbour'));
    expect(made.Config.Env).toContain('SHIP=Aurora');
    expect(made.HostConfig).toMatchObject({
      Memory: 64 * 1024 * 1024,
      NanoCpus: 5e8,
      RestartPolicy: { Name: 'on-failure' },
    });
    await until(
      async () => (await (await fetch(`http://127.0.0.1:${port}/`)).text()).includes('cranes at work'),
      'the published port answers',
    );
  });

  await test.step('the list shows it live', async () => {
    await page.getByRole('link', { name: 'All containers' }).click();
    await expect(row).toContainText('running');
    await expect(row).toContainText(/\d(\.\d+)?\s*%/);
    await expect(row.getByRole('meter', { name: 'Memory' })).toBeVisible();
    await expect(row.getByRole('link', { name: new RegExp(String(port)) })).toBeVisible();
    await row.getByRole('link', { name: 'harbour' }).click();
  });

  await test.step('its logs arrive', async () => {
    await page.getByRole('tab', { name: 'Logs' }).click();
    await expect(page).toHaveURL(/tab=logs/);
    const log = page.getByRole('region', { name: 'Log lines' });
    await expect(log).toContainText('mooring Aurora');
    await fetch(`http://127.0.0.1:${port}/gangway`);
    await expect(log).toContainText('response:404');
  });

  await test.step('its terminal takes keys and says how it ended', async () => {
    await page.getByRole('tab', { name: 'Terminal' }).click();
    const screen = page.getByRole('region', { name: 'Terminal in harbour' });
    const input = screen.getByRole('textbox', { name: 'Terminal input' });
    await expect(screen).toContainText('#');
    await input.pressSequentially('echo $SHIP-$((6*7))\n');
    await expect(screen).toContainText('Aurora-42');
    await input.pressSequentially('exit 3\n');
    await expect(page.getByText('Exited with code 3')).toBeVisible();
    await page.getByRole('button', { name: /^Close 1 / }).click();
  });

  await test.step('stop', async () => {
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Why it stopped' })).toBeVisible();
  });

  await test.step('remove asks, says what goes, and does it', async () => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Remove harbour?' });
    await expect(dialog).toContainText('what it wrote to its own file system');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toBeHidden();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove container' }).click();
    await expect(page.getByRole('heading', { name: 'No containers yet' })).toBeVisible();
    expect(await engine.docker('ps', '-aq')).toBe('');
  });

  await test.step('the audit has it all', async () => {
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByLabel('Object').fill('harbour');
    const rows = page.getByRole('region', { name: 'Audit rows' }).getByRole('listitem');
    for (const action of ['container.create', 'container.start', 'container.stop', 'container.remove'])
      await expect(rows.filter({ hasText: action }).first()).toContainText('admin');
  });
  await rm(directory, { recursive: true });
});
