import { expect, test } from '../support/fixtures.ts';

const IMAGE = 'gantry/busybox:latest';

test('filter, chips, sort, live updates, and all of it in the URL; bulk stop and remove', async ({ page, engine }) => {
  const run = (name: string, ...command: string[]): Promise<string> =>
    engine.docker('run', '-d', '--name', name, '--stop-timeout', '1', IMAGE, ...command);
  for (const name of ['crane-1', 'crane-2', 'crane-10', 'tug']) await run(name, 'sleep', '3600');
  await run('wreck', 'sh', '-c', 'exit 4');
  const rows = page.getByRole('rowgroup').getByRole('row');
  const names = async (): Promise<(string | null)[]> => rows.getByRole('link').allTextContents();
  const row = (name: string) => rows.filter({ has: page.getByRole('link', { name, exact: true }) });
  await page.goto('/containers');

  await test.step('sorted by name, numbers as numbers; what failed says how', async () => {
    await expect(page.getByText('5 containers')).toBeVisible();
    await expect.poll(names).toEqual(['crane-1', 'crane-2', 'crane-10', 'tug', 'wreck']);
    await expect(row('wreck')).toContainText('4');
  });

  await test.step('chips and the text filter combine, and survive a reload', async () => {
    await page.getByRole('button', { name: /^running/ }).click();
    await expect.poll(names).toEqual(['crane-1', 'crane-2', 'crane-10', 'tug']);
    await page.keyboard.press('/');
    await page.keyboard.type('crane');
    await expect(page.getByText('3 of 5 containers')).toBeVisible();
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
    await expect.poll(names).toEqual(['crane-10', 'crane-2', 'crane-1']);
    await expect(page).toHaveURL(/crane/);
    await page.reload();
    await expect.poll(names).toEqual(['crane-10', 'crane-2', 'crane-1']);
    await expect(page.getByRole('searchbox', { name: 'Filter containers' })).toHaveValue('crane');
    await expect(page.getByRole('button', { name: /^running/ })).toHaveAttribute('aria-pressed', 'true');
    await expect(page.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'descending');
  });

  await test.step('a filter that fits nothing says so and lets go', async () => {
    await page.getByRole('searchbox', { name: 'Filter containers' }).fill('submarine');
    await expect(page.getByText('No container fits this filter.')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filter' }).last().click();
    await expect(page.getByText('5 containers')).toBeVisible();
  });

  await test.step('what the docker command changes shows at once', async () => {
    await engine.docker('stop', '-t', '0', 'tug');
    await expect(row('tug')).toContainText('exited');
    await engine.docker('rename', 'tug', 'pilot');
    await expect(row('pilot')).toBeVisible();
    await expect(row('tug')).toHaveCount(0);
    await engine.docker('start', 'pilot');
    await expect(row('pilot')).toContainText('running');
    await engine.docker('pause', 'pilot');
    await expect(row('pilot')).toContainText('paused');
    await engine.docker('unpause', 'pilot');
    await run('dinghy', 'sleep', '3600');
    await expect(row('dinghy')).toBeVisible();
    await engine.docker('rm', '-f', 'dinghy', 'wreck');
    await expect(row('dinghy')).toHaveCount(0);
    await expect(page.getByText('4 containers')).toBeVisible();
  });

  await test.step('actions on one row', async () => {
    await page.getByRole('button', { name: 'Stop pilot' }).click();
    await expect(row('pilot')).toContainText('exited');
    await page.getByRole('button', { name: 'Start pilot' }).click();
    await expect(row('pilot')).toContainText('running');
    await page.getByRole('button', { name: 'More actions for pilot' }).click();
    await page.getByRole('menuitem', { name: 'Pause' }).click();
    await expect(row('pilot')).toContainText('paused');
    await page.getByRole('button', { name: 'More actions for pilot' }).click();
    await page.getByRole('menuitem', { name: 'Kill' }).click();
    await page
      .getByRole('alertdialog', { name: 'Kill pilot?' })
      .getByRole('button', { name: 'Kill 1 container' })
      .click();
    await expect(row('pilot')).toContainText('exited');
  });

  await test.step('several at once', async () => {
    for (const name of ['crane-1', 'crane-2', 'crane-10'])
      await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
    const bar = page.getByRole('toolbar', { name: '3 selected' });
    await bar.getByRole('button', { name: 'Stop' }).click();
    for (const name of ['crane-1', 'crane-2', 'crane-10']) await expect(row(name)).toContainText('exited');
    await page.getByRole('checkbox', { name: 'Select all rows' }).check();
    await page.getByRole('toolbar', { name: '4 selected' }).getByRole('button', { name: 'Remove' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Remove 4 containers?' });
    for (const name of ['crane-1', 'crane-2', 'crane-10', 'pilot']) await expect(dialog).toContainText(name);
    await dialog.getByRole('button', { name: 'Remove 4 containers' }).click();
    await expect(page.getByRole('heading', { name: 'No containers yet' })).toBeVisible();
    expect(await engine.docker('ps', '-aq')).toBe('');
  });
});

test('by keyboard alone: the list, its rows, the palette', async ({ page, engine }) => {
  for (const name of ['alder', 'birch', 'cedar'])
    await engine.docker('run', '-d', '--name', name, IMAGE, 'sleep', '3600');
  await page.goto('/containers');
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
  await expect(row('cedar')).toBeVisible();

  await test.step('Tab reaches the rows, arrows move, Space selects, Enter opens', async () => {
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('role'));
    for (let presses = 0; presses < 60 && (await focused()) !== 'row'; presses++) await page.keyboard.press('Tab');
    await expect(row('alder')).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(row('birch')).toBeFocused();
    await page.keyboard.press('Space');
    await expect(row('birch')).toHaveAttribute('aria-selected', 'true');
    await expect(page.getByRole('toolbar', { name: '1 selected' })).toBeVisible();
    await page.keyboard.press('Space');
    await page.keyboard.press('End');
    await expect(row('cedar')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'cedar' })).toBeVisible();
  });

  await test.step('Ctrl-K goes to a page, to a container, and acts on one', async () => {
    const palette = page.getByRole('dialog', { name: 'Command palette' });
    await page.keyboard.press('Control+k');
    await expect(palette.getByRole('combobox')).toBeFocused();
    await page.keyboard.type('volu');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'Volumes' })).toBeVisible();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('birch');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'birch' })).toBeVisible();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('alder');
    await expect(palette.getByRole('option', { name: /alder/ })).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Tab');
    await page.keyboard.type('pause');
    await page.keyboard.press('Enter');
    await expect(palette).toBeHidden();
    await expect.poll(() => engine.docker('inspect', '-f', '{{.State.Status}}', 'alder')).toBe('paused\n');
    await page.keyboard.press('Control+k');
    await expect(palette).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(palette).toBeHidden();
  });
});
