import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { DocsFile, GatewayDependencies } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type { DocsLogin } from './docs/docs-login.ts'
import { escapeHtml } from './docs/escape-html.ts'
import { LOGIN_SCRIPT } from './docs/login-script.ts'
import { PAGE_SCRIPT } from './docs/page-script.ts'
import { createWebhooksPage, type WebhooksPageOptions } from './docs/webhooks-page.ts'
import { fetchGuide } from './fetch-guide.ts'

export interface DocsOptions {
  /** Keys that the page fills in, as in EBB_DOCS_KEY; default: none, and callers type theirs. */
  readonly key?: string | undefined
  /** Where the pages below `/docs/guide` come from; default: there are none. */
  readonly guideUrl?: string | undefined
  /** How the page logs people in; default: it offers no login. */
  readonly login?: DocsLogin | undefined
  /** Whose pages may show the page of webhooks; default: there is no such page. */
  readonly webhooks?: Pick<WebhooksPageOptions, 'framedBy'> | undefined
  readonly log: Pick<Log, 'warn'>
}

const JS = 'text/javascript; charset=utf-8'
const CSS = 'text/css; charset=utf-8'

/**
 * The API reference: Swagger UI as its package ships it, read once when it is first asked for, and a page that shows
 * /openapi.json with it. There is none where the package is not installed. Beside it, the page of webhooks.
 */
export function createDocs({ key, guideUrl, login, webhooks, log }: DocsOptions): GatewayDependencies['docs'] {
  const load = () =>
    loadFiles({ keys: parseKeys(key), hasGuide: guideUrl !== undefined, login }).catch((error: unknown) => {
      log.warn({ err: error }, 'there is no API reference: swagger-ui-dist cannot be read')
      return new Map<string, ReadFile>()
    })
  let files: ReturnType<typeof load> | undefined
  const webhooksPage = webhooks && createWebhooksPage({ login, ...webhooks })
  const findGuide = guideUrl === undefined ? undefined : fetchGuide(guideUrl)
  return async (path) => {
    if (/^\/docs\/guide(\/|$)/.test(path)) return findGuide?.(path.slice(GUIDE.length))
    const ofWebhooks = webhooksPage?.(path)
    if (ofWebhooks) return ofWebhooks
    files ??= load()
    return (await files).get(path)?.()
  }
}

const GUIDE = '/docs/guide'

type ReadFile = () => Promise<DocsFile>

/** Each file by its path. Files that never change have their version in the path. */
async function loadFiles(shown: PageContent): Promise<ReadonlyMap<string, ReadFile>> {
  // From the program that runs, since a bundle has no address of its own.
  const manifest = createRequire(process.argv[1] ?? '').resolve('swagger-ui-dist/package.json')
  const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'))
  const inPackage = (name: string, type: string) =>
    once(async () => ({ type, body: await readFile(join(dirname(manifest), name)), immutable: true }))
  const paths = {
    script: `/docs/${version}/swagger-ui-bundle.js`,
    style: `/docs/${version}/swagger-ui.css`,
  }
  const own = Object.fromEntries(
    [LOGIN_SCRIPT, PAGE_SCRIPT].map((text) => [
      `/docs/${createHash('sha256').update(text).digest('hex').slice(0, 12)}.js`,
      text,
    ]),
  )
  const html = renderPage({ ...paths, ...shown, scripts: Object.keys(own) })
  const issuer = shown.login && new URL(shown.login.issuer).origin
  const page = {
    type: 'text/html; charset=utf-8',
    body: html,
    immutable: false,
    ...(issuer ? { connectsTo: issuer } : {}),
  }
  return new Map<string, ReadFile>([
    ['/docs', async () => page],
    [paths.script, inPackage('swagger-ui-bundle.js', JS)],
    [paths.style, inPackage('swagger-ui.css', CSS)],
    ...Object.entries(own).map(([path, body]) => [path, async () => ({ type: JS, body, immutable: true })] as const),
  ])
}

/** `NAME=KEY,NAME=KEY`, or a key alone. */
const parseKeys = (given = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(
    given
      .split(',')
      .filter((part) => part !== '')
      .map((part) => [part.slice(0, Math.max(0, part.indexOf('='))) || 'key', part.slice(part.indexOf('=') + 1)]),
  )

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}

/** What is on the page besides the reference itself. */
interface PageContent {
  /** Keys to fill in, by the names by which they are chosen. */
  readonly keys: Readonly<Record<string, string>>
  /** Whether the page links to the guide. */
  readonly hasGuide: boolean
  readonly login: DocsLogin | undefined
}

interface PageOptions extends PageContent {
  readonly script: string
  readonly style: string
  /** The scripts of the page's own, in their order. */
  readonly scripts: readonly string[]
}

/** The page of the API reference. All that runs in it is a file of its own: its policy allows nothing inline. */
const renderPage = ({ script, style, scripts, keys, login, hasGuide }: PageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="ebb-docs-keys" content="${escapeHtml(JSON.stringify(keys))}">
<meta name="ebb-docs-login" content="${escapeHtml(JSON.stringify(login ?? null))}">
<title>API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${relative(style)}">
<script src="${relative(script)}" defer></script>
${scripts.map((path) => `<script src="${relative(path)}" defer></script>`).join('\n')}
</head>
<body>
<div class="swagger-ui"><div id="keys" class="wrapper"><p>${hasGuide ? '<a href="docs/guide">Guide</a> ' : ''}<a href="asyncapi.json">Events</a></p><div id="callers"></div></div></div>
<div id="docs"></div>
<noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
</body>
</html>
`

/** Relative to /docs, so that it works behind a proxy's path too. */
const relative = (path: string) => path.slice(1)
