import { ADMIN } from '../support/account.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { expect, problem, signIn, watched as test } from '../support/fixtures.ts';

let engine: TestEngine;
test.beforeAll(async () => {
  engine = await startEngine();
});
test.afterAll(() => engine[Symbol.asyncDispose]());

test('the secret makes the first account, once; sessions begin, are listed and end', async ({
  page,
  browser,
  complaints,
}) => {
  const overview = (at = page) => at.getByRole('heading', { name: 'Needs attention' });
  const door = (at = page) => at.getByRole('heading', { level: 1, name: 'Sign in' });
  // Refused requests are logged by the browser itself.
  complaints.allow(/status of (401|403|409|429)/);

  await test.step('everything leads to the set-up, which wants the secret', async () => {
    await page.goto(`${engine.url}/images`);
    await expect(page).toHaveURL(`${engine.url}/setup`);
    await expect(page.getByRole('heading', { level: 1, name: 'Set up Gantry' })).toBeVisible();
    const fill = async (secret: string, password = ADMIN.password, repeat = password) => {
      await page.getByLabel('Set-up secret').fill(secret);
      await page.getByLabel('Username').fill(ADMIN.username);
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByLabel('Password again').fill(repeat);
      await page.getByRole('button', { name: 'Create account' }).click();
    };
    await fill(engine.setupSecret, 'short');
    await expect(page.getByText('Use at least 12 characters.')).toBeVisible();
    await fill(engine.setupSecret, ADMIN.password, `${ADMIN.password}!`);
    await expect(page.getByText('The two passwords differ.')).toBeVisible();
    await fill('not-the-secret');
    await expect(problem(page, 'Could not create the account')).toBeVisible();
    await fill(engine.setupSecret);
    await expect(overview()).toBeVisible();
  });

  await test.step('it never opens again', async () => {
    await page.goto(`${engine.url}/setup`);
    await expect(page).toHaveURL(`${engine.url}/`);
    await expect(overview()).toBeVisible();
    const again = await page.request.post(`${engine.url}/api/v1/setup`, {
      headers: { 'x-gantry-request': '1', origin: engine.url },
      data: { ...ADMIN, username: 'second', secret: engine.setupSecret },
    });
    expect(again.status()).toBeGreaterThanOrEqual(400);
  });

  await test.step('sign-out ends the session, sign-in wants the password and leads back', async () => {
    await page.getByRole('button', { name: 'Signed in as admin' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await expect(door()).toBeVisible();
    expect((await page.request.get(`${engine.url}/api/v1/session`)).status()).toBe(401);
    await page.goto(`${engine.url}/volumes`);
    await expect(door()).toBeVisible();
    await signIn(page, 'this is not the password');
    await expect(problem(page, 'Could not sign in')).toBeVisible();
    await signIn(page);
    await expect(page.getByRole('heading', { level: 1, name: 'Volumes' })).toBeVisible();
  });

  await test.step('a session that is ended elsewhere is signed out within five seconds', async () => {
    const context = await browser.newContext();
    complaints.watch(context);
    const other = await context.newPage();
    await other.goto(engine.url);
    await signIn(other);
    await expect(overview(other)).toBeVisible();

    await page.goto(`${engine.url}/account`);
    const sessions = page.getByRole('listitem').filter({ hasText: 'last used' });
    await expect(sessions).toHaveCount(2);
    await expect(sessions.filter({ hasText: 'this one' })).toHaveCount(1);
    await page.getByRole('button', { name: /^End the session of/ }).click();
    await expect(door(other)).toBeVisible({ timeout: 5000 });
    await expect(sessions).toHaveCount(1);
    await context.close();
  });
});
