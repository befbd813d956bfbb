export interface DocsPageOptions {
  readonly script: string
  readonly style: string
  readonly start: string
  /** Filled in for whoever opens the page, by the names by which they are chosen. */
  readonly keys: Readonly<Record<string, string>>
}

/** The page of the API reference. Whatever runs in it is a file of its own: its policy allows nothing inline. */
export const docsPage = ({ script, style, start, keys }: DocsPageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="ebb-docs-keys" content="${escaped(JSON.stringify(keys))}">
<title>API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${relative(style)}">
<script src="${relative(script)}" defer></script>
<script src="${relative(start)}" defer></script>
</head>
<body>
<div class="swagger-ui"><div id="keys" class="wrapper"></div></div>
<div id="docs"></div>
<noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
</body>
</html>
`

/**
 * What the page runs: Swagger UI on the document beside it, with the keys that the page came with, and an Idempotency-Key for
 * each request that has none.
 */
export const START = String.raw`'use strict'
// Swagger UI reads patterns without the flag that JSON Schema reads them with: those that need it are the gateway's to judge.
const readable = (name, value) => (name === 'pattern' && /\\[pPu]\{/.test(value) ? undefined : value)
const isKey = (part) => part?.in === 'header' && part.name === 'Idempotency-Key'
const shown = (name, value) =>
  isKey(value)
    ? { ...value, required: false, description: value.description + ' Left empty, this page makes one up for each request.' }
    : readable(name, value)
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')
const withKey = (request) => {
  const isOurs = request.method && !['GET', 'HEAD'].includes(request.method) && !request.loadSpec
  if (isOurs && !request.headers['Idempotency-Key']) request.headers['Idempotency-Key'] = newKey()
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
  // Each would ask somebody on the internet.
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

/** As seen from /docs, so that it works behind a path of somebody else's too. */
const relative = (path: string) => path.slice(1)

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string) => text.replaceAll(/[&"<>]/g, (character) => ENTITIES[character] ?? '')
