import { createHash } from 'node:crypto'
import type { DocsFile } from 'ebb/http/gateway'
import type { DocsLogin } from './docs-login.ts'
import { escapeHtml } from './escape-html.ts'
import { LOGIN_SCRIPT } from './login-script.ts'
import { WEBHOOKS_SCRIPT } from './webhooks-script.ts'
import { WEBHOOKS_STYLE } from './webhooks-style.ts'

export interface WebhooksPageOptions {
  /** How the page logs people in; default: it asks for a key. */
  readonly login?: DocsLogin | undefined
  /** The origins whose pages may show it in a frame. */
  readonly framedBy: readonly string[]
}

const PATH = '/docs/webhooks'

/** The page by which customers manage their webhooks, to link to or to show in a frame, and its files; undefined for any other path. */
export function createWebhooksPage({ login, framedBy }: WebhooksPageOptions): (path: string) => DocsFile | undefined {
  const file = (type: string, ending: string, body: string) => {
    const name = `${createHash('sha256').update(body).digest('hex').slice(0, 12)}.${ending}`
    return { name, file: { type: `${type}; charset=utf-8`, body, immutable: true } }
  }
  const style = file('text/css', 'css', WEBHOOKS_STYLE)
  const scripts = [LOGIN_SCRIPT, WEBHOOKS_SCRIPT].map((text) => file('text/javascript', 'js', text))
  const body = renderPage({ login, style: style.name, scripts: scripts.map(({ name }) => name) })
  const page = {
    ...{ type: 'text/html; charset=utf-8', body, immutable: false },
    // Not any origin: a page in a frame can be clicked through.
    framedBy: framedBy.filter((origin) => origin !== '*'),
    ...(login ? { connectsTo: new URL(login.issuer).origin } : {}),
  }
  const files = new Map<string, DocsFile>([
    [PATH, page],
    ...[style, ...scripts].map((one) => [`/docs/${one.name}`, one.file] as const),
  ])
  return (path) => files.get(path)
}

interface PageOptions extends Pick<WebhooksPageOptions, 'login'> {
  readonly style: string
  readonly scripts: readonly string[]
}

/** All that runs in it is a file of its own: its policy allows nothing inline. Names are relative, for proxies' paths. */
const renderPage = ({ login, style, scripts }: PageOptions): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="ebb-docs-login" content="${escapeHtml(JSON.stringify(login ?? null))}">
<title>Webhooks</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${style}">
${scripts.map((name) => `<script src="${name}" defer></script>`).join('\n')}
</head>
<body>
<main>
<h1>Webhooks</h1>
<p id="status" role="status"></p>
<section id="who">
<form id="key-form">
<label for="key">API key or access token</label>
<input id="key" type="password" autocomplete="off" required>
<div class="row"><button>Show webhooks</button><button id="log-in" type="button" hidden>Log in</button></div>
</form>
</section>
<div id="webhooks" hidden>
<div id="made"></div>
<ul id="list"></ul>
<p id="none" class="soft">You have no webhooks yet.</p>
<form id="create">
<h2>New webhook</h2>
<label for="url">Address</label>
<input id="url" name="url" type="url" placeholder="https://" required>
<label for="description">What you call it</label>
<input id="description" name="description" maxlength="200">
<fieldset id="events"></fieldset>
<button>Create</button>
</form>
</div>
<p><button id="leave" type="button" hidden>Leave</button></p>
</main>
<noscript>This page needs JavaScript; the requests are in <a href="../docs">the reference</a>.</noscript>
</body>
</html>
`
