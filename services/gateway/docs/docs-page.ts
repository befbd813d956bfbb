export interface DocsPageOptions {
  readonly script: string
  readonly style: string
  readonly start: string
  readonly key: string | undefined
}

/** The page of the API reference. Whatever runs in it is a file of its own: its policy allows nothing inline. */
export const docsPage = ({ script, style, start, key }: DocsPageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="ebb-docs-key" content="${escaped(key ?? '')}">
<title>API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${relative(style)}">
<script src="${relative(script)}" defer></script>
<script src="${relative(start)}" defer></script>
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
</body>
</html>
`

/** What the page runs: Swagger UI on the document beside it, with the key that the page came with. */
export const START = String.raw`'use strict'
// Swagger UI reads patterns without the flag that JSON Schema reads them with: those that need it are the gateway's to judge.
const readable = (name, value) => (name === 'pattern' && /\\[pPu]\{/.test(value) ? undefined : value)
const patterns = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateSpec: (update) => (text) => update(text && JSON.stringify(JSON.parse(text, readable), undefined, 2)),
      },
    },
  },
})
const key = document.querySelector('meta[name=ebb-docs-key]').content
const ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // Each would ask somebody on the internet.
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [patterns],
  onComplete: () => {
    if (key) ui.preauthorizeApiKey('apiKey', key)
  },
})
`

/** As seen from /docs, so that it works behind a path of somebody else's too. */
const relative = (path: string) => path.slice(1)

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string) => text.replaceAll(/[&"<>]/g, (character) => ENTITIES[character] ?? '')
