import { type BrowserContext, test as base, expect, type Page, type TestInfo } from '@playwright/test';
import { type Account, ADMIN, signUp } from './account.ts';
import { startEngine, type TestEngine } from './engine.ts';

/** What the browser complained about: console errors (also those of the content security policy) and uncaught errors. */
type Complaints = {
  /** A complaint that the journey means to cause, such as a refused request. */
  allow(pattern: RegExp): void;
  watch(context: BrowserContext): void;
};

/** A page on an engine of the test's own; the journey fails when the browser complains. */
export const watched = base.extend<{ complaints: Complaints }>({
  complaints: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needed fixtures from the pattern
    async ({}, use) => {
      const heard: string[] = [];
      // Chromium on the engine's own machine drops requests when a container's interface comes or goes; the page asks again.
      const allowed: RegExp[] = [/ERR_NETWORK_CHANGED/];
      await use({
        allow: (pattern) => allowed.push(pattern),
        watch: (context) => {
          context.on('console', (message) => {
            if (message.type() === 'error') heard.push(`${message.text()} (${message.location().url})`);
          });
          context.on('weberror', (error) => heard.push(String(error.error().stack ?? error.error())));
        },
      });
      expect(
        heard.filter((text) => !allowed.some((pattern) => pattern.test(text))),
        'complaints of the browser',
      ).toEqual([]);
    },
    { auto: true },
  ],
  context: async ({ context, complaints }, use) => {
    complaints.watch(context);
    await use(context);
  },
});

/** What the engine printed, kept with a test that failed. */
export async function attachOutput(engine: TestEngine, testInfo: TestInfo): Promise<void> {
  if (testInfo.status === testInfo.expectedStatus) return;
  await testInfo.attach('engine', { body: engine.output(), contentType: 'text/plain' });
}

export const storageOf = (engine: TestEngine, account: Account) => ({
  cookies: account.cookie.split('; ').map((pair) => ({
    name: pair.slice(0, pair.indexOf('=')),
    value: pair.slice(pair.indexOf('=') + 1),
    domain: new URL(engine.url).hostname,
    path: '/',
    expires: -1,
    httpOnly: true,
    secure: pair.startsWith('__Host-'),
    sameSite: 'Strict' as const,
  })),
  origins: [],
});

/** A page signed in as the administrator of the worker's engine, which has no container when a test begins. */
export const test = watched.extend<
  { emptied: undefined; openContext: () => Promise<BrowserContext> },
  { engine: TestEngine; account: Account }
>({
  engine: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needed fixtures from the pattern
    async ({}, use) => {
      const engine = await startEngine();
      await use(engine);
      await engine[Symbol.asyncDispose]();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  account: [async ({ engine }, use) => use(await signUp(engine)), { scope: 'worker' }],
  baseURL: async ({ engine }, use) => use(engine.url),
  storageState: async ({ engine, account }, use) => use(storageOf(engine, account)),
  emptied: [
    async ({ engine }, use, testInfo) => {
      await use(undefined);
      await attachOutput(engine, testInfo);
      const ids = (await engine.docker('ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
      if (ids.length > 0) await engine.docker('rm', '-f', '-v', ...ids);
    },
    { auto: true },
  ],
  /** A further browser of nobody, as another person's. */
  openContext: async ({ browser, complaints, engine }, use) => {
    const open: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ baseURL: engine.url, storageState: { cookies: [], origins: [] } });
      complaints.watch(context);
      open.push(context);
      return context;
    });
    for (const context of open) await context.close();
  },
});

export async function signIn(page: Page, password = ADMIN.password): Promise<void> {
  await page.getByLabel('Username').fill(ADMIN.username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The container's page, by the name of its tab. */
export async function openContainer(page: Page, engine: TestEngine, name: string, tab = 'overview'): Promise<string> {
  const id = (await engine.docker('inspect', '-f', '{{.Id}}', name)).trim();
  await page.goto(`/containers/${id}${tab === 'overview' ? '' : `?tab=${tab}`}`);
  await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible();
  return id;
}

/** A problem said on the page, in the words of its title. */
export const problem = (page: Page, title: string) => page.getByRole('alert').filter({ hasText: title });

export { expect };
