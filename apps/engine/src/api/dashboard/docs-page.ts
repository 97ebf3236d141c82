import type { RestRoute } from '#api/gateway/rest-route.ts';

const STYLE = `:root{color-scheme:light dark}body{font:14px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.75rem;font-weight:600}h2{font-size:1.25rem;font-weight:600;margin-top:2rem;border-bottom:1px solid color-mix(in oklch,currentColor 20%,transparent)}
details{border-bottom:1px solid color-mix(in oklch,currentColor 12%,transparent)}summary{padding:.5rem 0;cursor:pointer}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;background:color-mix(in oklch,currentColor 6%,transparent);border-radius:6px}
.m{display:inline-block;min-width:4.5rem;font-weight:600}.s{opacity:.8}a{color:inherit}`;

/** The stylesheet of the page; a file of its own, because the content security policy allows no inline one. */
export const docsStyle = (): string => STYLE;

type Document = { paths?: Record<string, Record<string, unknown>>; components?: unknown };

/** A page for people, without a script: what each route is for, what it takes and what it gives. */
export function docsPage(routes: readonly RestRoute[], document: Document): string {
  const tags = [...new Set(routes.map((route) => route.tag))];
  const sections = tags.map((tag) => {
    const items = routes.filter((route) => route.tag === tag).map((route) => entry(route, document));
    return `<h2>${escapeHtml(tag)}</h2>\n${items.join('\n')}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Gantry API</title><link rel="stylesheet" href="/api/docs.css"></head><body>
<h1>Gantry API</h1>
<p>The <a href="https://docs.docker.com/reference/api/engine/">Docker Engine API</a> of each host is served under
<code>/api/v1/hosts/{host}/docker/</code>, and on this port under <code>/v1.51/</code> with a token. This page is about
what Gantry adds. As a document for tools: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
<p>Authenticate with <code>Authorization: Bearer &lt;personal API token&gt;</code>. Errors are <code>{"message": "…"}</code>.</p>
${sections.join('\n')}
<h2>Schemas</h2>
<pre>${escapeHtml(JSON.stringify(document.components, null, 2))}</pre>
</body></html>
`;
}

function entry(route: RestRoute, document: Document): string {
  const operation = document.paths?.[route.path]?.[route.method.toLowerCase()];
  return `<details><summary><span class="m">${route.method}</span> <code>${escapeHtml(route.path)}</code> <span class="s">${escapeHtml(route.summary)}</span></summary>
<pre>${escapeHtml(JSON.stringify(operation, null, 2))}</pre></details>`;
}

const escapeHtml = (text: string | undefined) => (text ?? '').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
