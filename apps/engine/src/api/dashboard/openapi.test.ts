import { expect, test } from 'vitest';
import { type DashboardDeps, dashboardRoutes } from './dashboard.ts';
import { openApiDocument } from './openapi.ts';

test('the OpenAPI document says what it said: a change of the contract is seen in review', async () => {
  // The routes are data; none of their handlers runs here.
  const routes = dashboardRoutes({ metrics: { contentType: 'text/plain' } } as DashboardDeps);
  const document = openApiDocument(routes, '0.0.0');
  const { schemas } = document.components as { schemas: Record<string, { $ref?: string }> };
  for (const [name, schema] of Object.entries(schemas)) expect(schema.$ref, name).toBeUndefined();
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../../test/golden/openapi.json');
});
