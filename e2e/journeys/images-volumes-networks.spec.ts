import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, problem, test } from '../support/fixtures.ts';
import { startRegistry } from '../support/registry.ts';
import { until } from '../support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox:latest';

test('pull with progress per layer, tag, run, remove', async ({ page, engine, complaints }) => {
  // The registry has no image of that name: the engine says so with 404.
  complaints.allow(/status of (404|500)/);
  const registry = await startRegistry();
  const directory = await mkdtemp(join(tmpdir(), 'gantry-image-'));
  const remote = `${registry.host}/harbour/crane:1`;
  try {
    // Random content, so that nothing of it is here already.
    await writeFile(join(directory, 'cargo'), randomBytes(4 * 1024 * 1024));
    const tar = join(directory, 'cargo.tar');
    await exec('tar', ['-C', directory, '-cf', tar, 'cargo']);
    await engine.docker('import', '--change', 'CMD ["sleep","3600"]', tar, remote);
    await engine.docker('push', remote);
    await engine.docker('rmi', remote);

    const row = page.getByRole('row').filter({ hasText: 'harbour/crane' });
    await page.goto('/images');
    await expect(page.getByRole('row').filter({ hasText: IMAGE })).toBeVisible();
    await expect(row).toHaveCount(0);

    await test.step('a pull that cannot be says why', async () => {
      await page.getByRole('button', { name: 'Pull an image' }).click();
      const dialog = page.getByRole('dialog', { name: 'Pull an image' });
      await dialog.getByRole('button', { name: 'Pull', exact: true }).click();
      await expect(dialog.getByText('Name an image.')).toBeVisible();
      await dialog.getByLabel('Image').fill(`${registry.host}/harbour/nothing:1`);
      await dialog.getByRole('button', { name: 'Pull', exact: true }).click();
      await expect(problem(page, `Could not pull ${registry.host}/harbour/nothing:1`)).toBeVisible();
    });

    await test.step('pull', async () => {
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Image').fill(remote);
      await dialog.getByRole('button', { name: 'Pull', exact: true }).click();
      await expect(page.getByRole('dialog', { name: `Pulled ${remote}` })).toBeVisible();
      await expect(dialog.getByRole('meter', { name: /^[0-9a-f]{12}: Pull complete$/ })).toHaveCount(1);
      await dialog.getByRole('button', { name: 'Close' }).last().click();
      await expect(row).toContainText(`${remote}`);
    });

    await test.step('tag', async () => {
      await row.getByRole('button', { name: /^More actions/ }).click();
      await page.getByRole('menuitem', { name: 'Tag' }).click();
      const dialog = page.getByRole('dialog', { name: /^Tag / });
      await dialog.getByLabel('New tag').fill('Crane!');
      await dialog.getByRole('button', { name: 'Tag', exact: true }).click();
      await expect(dialog.getByText('Small letters, digits and . _ - / , and a tag after a colon.')).toBeVisible();
      await dialog.getByLabel('New tag').fill('crane:stable');
      await dialog.getByRole('button', { name: 'Tag', exact: true }).click();
      await expect(dialog).toBeHidden();
      await until(async () => (await engine.docker('images', '-q', 'crane:stable')) !== '', 'the tag is there');
    });

    await test.step('run leads to the form with the image filled in', async () => {
      await page.getByRole('row').filter({ hasText: IMAGE }).getByRole('button', { name: /^Run / }).click();
      await expect(page.getByRole('combobox', { name: 'Image' })).toHaveValue(IMAGE);
      await page.getByRole('textbox', { name: /^Command/ }).fill('sleep 3600');
      await page.getByRole('textbox', { name: /^Name/ }).fill('from-image');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await expect(page.getByRole('heading', { level: 1, name: 'from-image' })).toBeVisible();
    });

    await test.step('remove: both tags go', async () => {
      await page.getByRole('link', { name: 'Images' }).click();
      const crane = page.getByRole('row').filter({ hasText: 'crane' });
      await crane.getByRole('button', { name: /^More actions/ }).click();
      await page.getByRole('menuitem', { name: 'Remove' }).click();
      const dialog = page.getByRole('alertdialog');
      await expect(dialog).toContainText('crane:stable');
      await expect(dialog).toContainText(remote);
      await dialog.getByRole('button', { name: 'Remove 1 image' }).click();
      await expect(crane).toHaveCount(0);
      expect(await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).toBe(`${IMAGE}\n`);
    });
  } finally {
    await registry[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
});

test('volumes: create, inspect, refuse while in use, remove', async ({ page, engine, complaints }) => {
  complaints.allow(/status of 409/);
  await page.goto('/volumes');
  await expect(page.getByRole('heading', { name: 'No volumes yet' })).toBeVisible();
  await page.getByRole('button', { name: 'Create a volume' }).first().click();
  const form = page.getByRole('dialog', { name: 'Create a volume' });
  await form.getByLabel('Name').fill('-cargo');
  await form.getByLabel('Labels').fill('no equals sign');
  await form.getByRole('button', { name: 'Create' }).click();
  await expect(form.getByText('beginning with a letter or digit')).toBeVisible();
  await expect(form.getByText('Each line is key=value.')).toBeVisible();
  await form.getByLabel('Name').fill('cargo');
  await form.getByLabel('Labels').fill('quay=north');
  await form.getByRole('button', { name: 'Create' }).click();
  await expect(form).toBeHidden();

  const row = page.getByRole('row').filter({ hasText: 'cargo' });
  await engine.docker('run', '-d', '--name', 'holder', '-v', 'cargo:/data', IMAGE, 'sleep', '3600');
  await expect(row).toContainText('holder');
  await row.getByRole('button', { name: 'cargo', exact: true }).click();
  const sheet = page.getByRole('dialog').filter({ hasText: 'Mountpoint' });
  await expect(sheet).toContainText('/volumes/cargo/_data');
  await expect(sheet).toContainText('quay=north');
  await expect(sheet.getByRole('link', { name: 'holder' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();

  const remove = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Remove cargo' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Remove cargo?' });
    const confirm = dialog.getByRole('button', { name: 'Remove 1 volume' });
    await expect(confirm).toBeDisabled();
    await dialog.getByLabel('Type cargo to confirm').fill('cargo');
    await confirm.click();
    await expect(dialog).toBeHidden();
  };
  await remove();
  await expect(problem(page, 'Could not remove cargo')).toContainText('volume is in use');
  await expect(row).toBeVisible();
  await engine.docker('rm', '-f', 'holder');
  await remove();
  await expect(page.getByRole('heading', { name: 'No volumes yet' })).toBeVisible();
  expect(await engine.docker('volume', 'ls', '-q')).toBe('');
});

test('networks: the system ones are kept, one of your own is made, inspected and removed', async ({ page, engine }) => {
  await page.goto('/networks');
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('button', { name, exact: true }) });
  for (const name of ['bridge', 'host', 'none']) {
    await expect(row(name)).toBeVisible();
    await expect(page.getByRole('button', { name: `Remove ${name}` })).toBeDisabled();
  }
  await page.getByRole('button', { name: 'Create a network' }).click();
  const form = page.getByRole('dialog', { name: 'Create a network' });
  await form.getByLabel('Name').fill('quay');
  await form.getByLabel('Subnet').fill('not a subnet');
  await form.getByRole('button', { name: 'Create' }).click();
  await expect(form.getByText('A subnet such as 10.20.0.0/24.')).toBeVisible();
  await form.getByLabel('Subnet').fill('10.213.7.0/24');
  await form.getByRole('button', { name: 'Create' }).click();
  await expect(form).toBeHidden();
  await expect(row('quay')).toContainText('10.213.7.0/24');

  await engine.docker('run', '-d', '--name', 'moored', '--network', 'quay', IMAGE, 'sleep', '3600');
  await row('quay').getByRole('button', { name: 'quay', exact: true }).click();
  const sheet = page.getByRole('dialog').filter({ hasText: 'Containers on it' });
  await expect(sheet.getByRole('link', { name: 'moored' })).toBeVisible();
  await expect(sheet).toContainText('10.213.7.2');
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await engine.docker('rm', '-f', 'moored');
  await page.getByRole('button', { name: 'Remove quay' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove 1 network' }).click();
  await expect(row('quay')).toHaveCount(0);
});
