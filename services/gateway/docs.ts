import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { DocsFile, GatewayDependencies } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import { fetchGuide } from './fetch-guide.ts'

export interface DocsOptions {
  /** Keys that the page fills in, as in EBB_DOCS_KEY; default: none, and callers type theirs. */
  readonly key?: string | undefined
  /** Where the pages below `/docs/guide` come from; default: there are none. */
  readonly guideUrl?: string | undefined
  readonly log: Pick<Log, 'warn'>
}

const JS = 'text/javascript; charset=utf-8'
const CSS = 'text/css; charset=utf-8'

/**
 * The API reference: Swagger UI as its package ships it, read once when it is first asked for, and a page that shows
 * /openapi.json with it. There is none where the package is not installed.
 */
export function createDocs({ key, guideUrl, log }: DocsOptions): GatewayDependencies['docs'] {
  const load = () =>
    loadFiles(key, guideUrl !== undefined).catch((error: unknown) => {
      log.warn({ err: error }, 'there is no API reference: swagger-ui-dist cannot be read')
      return new Map<string, ReadFile>()
    })
  let files: ReturnType<typeof load> | undefined
  const findGuide = guideUrl === undefined ? undefined : fetchGuide(guideUrl)
  return async (path) => {
    if (/^\/docs\/guide(\/|$)/.test(path)) return findGuide?.(path.slice(GUIDE.length))
    files ??= load()
    return (await files).get(path)?.()
  }
}

const GUIDE = '/docs/guide'

type ReadFile = () => Promise<DocsFile>

/** Each file by its path. Files that never change have their version in the path. */
async function loadFiles(key: string | undefined, hasGuide: boolean): Promise<ReadonlyMap<string, ReadFile>> {
  // From the program that runs, since a bundle has no address of its own.
  const manifest = createRequire(process.argv[1] ?? '').resolve('swagger-ui-dist/package.json')
  const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'))
  const inPackage = (name: string, type: string) =>
    once(async () => ({ type, body: await readFile(join(dirname(manifest), name)), immutable: true }))
  const hash = createHash('sha256').update(PAGE_SCRIPT).digest('hex').slice(0, 12)
  const paths = {
    script: `/docs/${version}/swagger-ui-bundle.js`,
    style: `/docs/${version}/swagger-ui.css`,
    start: `/docs/start-${hash}.js`,
  }
  const html = renderPage({ ...paths, keys: parseKeys(key), hasGuide })
  return new Map<string, ReadFile>([
    ['/docs', async () => ({ type: 'text/html; charset=utf-8', body: html, immutable: false })],
    [paths.script, inPackage('swagger-ui-bundle.js', JS)],
    [paths.style, inPackage('swagger-ui.css', CSS)],
    [paths.start, async () => ({ type: JS, body: PAGE_SCRIPT, immutable: true })],
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

interface PageOptions {
  readonly script: string
  readonly style: string
  readonly start: string
  /** Keys to fill in, by the names by which they are chosen. */
  readonly keys: Readonly<Record<string, string>>
  /** Whether the page links to the guide. */
  readonly hasGuide: boolean
}

/** The page of the API reference. All that runs in it is a file of its own: its policy allows nothing inline. */
const renderPage = ({ script, style, start, keys, hasGuide }: PageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="ebb-docs-keys" content="${escapeHtml(JSON.stringify(keys))}">
<title>API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${relative(style)}">
<script src="${relative(script)}" defer></script>
<script src="${relative(start)}" defer></script>
</head>
<body>
<div class="swagger-ui"><div id="keys" class="wrapper">${hasGuide ? '<p><a href="docs/guide">Guide</a></p>' : ''}</div></div>
<div id="docs"></div>
<noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
</body>
</html>
`

/**
 * What the page runs: Swagger UI on the document beside it, with the keys that the page carries, and an Idempotency-Key
 * for each request that has none.
 */
const PAGE_SCRIPT = String.raw`'use strict'
// Swagger UI reads patterns without the flag that JSON Schema reads them with: the gateway alone checks those that need it.
const readable = (name, value) => (name === 'pattern' && /\\[pPu]\{/.test(value) ? undefined : value)
const isKey = (part) => part?.in === 'header' && part.name === 'Idempotency-Key'
const shown = (name, value) =>
  isKey(value)
    ? { ...value, required: false, description: value.description + ' Left empty, this page makes one up for each request.' }
    : readable(name, value)
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')
const withKey = (request) => {
  const mayWrite = request.method && !['GET', 'HEAD'].includes(request.method) && !request.loadSpec
  if (mayWrite && !request.headers['Idempotency-Key']) request.headers['Idempotency-Key'] = newKey()
  return request
}
const patterns = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateSpec: (update) => (text) => update(text && JSON.stringify(JSON.parse(text, shown), undefined, 2)),
      },
    },
  },
})
const keys = JSON.parse(document.querySelector('meta[name=ebb-docs-keys]').content)
const useKeyOf = (name) => ui.preauthorizeApiKey('apiKey', keys[name])
const chooseKey = () => {
  const label = document.createElement('label')
  label.textContent = 'Call as '
  const choice = label.appendChild(document.createElement('select'))
  for (const name in keys) choice.append(new Option(name))
  choice.addEventListener('change', () => useKeyOf(choice.value))
  document.getElementById('keys').append(label)
}
const ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // It would send the document to a server on the internet.
  validatorUrl: null,
  requestInterceptor: withKey,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [patterns],
  onComplete: () => {
    const [first, second] = Object.keys(keys)
    if (first) useKeyOf(first)
    if (second) chooseKey()
  },
})
`

/** Relative to /docs, so that it works behind a proxy's path too. */
const relative = (path: string) => path.slice(1)

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }
const escapeHtml = (text: string) => text.replaceAll(/[&"<>]/g, (character) => ENTITIES[character] ?? '')
