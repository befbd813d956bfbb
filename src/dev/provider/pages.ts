import type { ServerResponse } from 'node:http'
import type { People } from './provider-config.ts'

export const STYLE_PATH = '/style.css'

/** Of a page that runs no script and shows in no frame; its forms lead back here, or to where the application waits. */
export function pageHeaders(back = ''): Readonly<Record<string, string>> {
  const target = URL.parse(back)?.origin
  const policy = [
    ...["default-src 'none'", "style-src 'self'", 'img-src data:', "base-uri 'none'", "frame-ancestors 'none'"],
    // Browsers hold where a form leads to at last against this, too.
    `form-action 'self'${target === undefined ? '' : ` ${target}`}`,
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}

/** Answers with a page. */
export function sendPage(response: ServerResponse, status: number, html: string, { back = '' } = {}): void {
  response.writeHead(status, pageHeaders(back)).end(html)
}

interface LoginPageOptions {
  readonly people: People
  /** Where the login leads back to. */
  readonly back: string
  /** With a password nobody is told who there is. */
  readonly asksPassword: boolean
  /** The name that was typed, or that the application has asked for. */
  readonly name?: string
  /** Why the last attempt was refused. */
  readonly refusal?: string
}

export function loginPage({ people, back, asksPassword, name = '', refusal }: LoginPageOptions): string {
  const form = asksPassword ? passwordForm(name) : choiceForm(people)
  return page(
    'Log in',
    `<p>${refusal === undefined ? `to go on at <strong>${escapeHtml(hostOf(back))}</strong>` : `<span role="alert">${escapeHtml(refusal)}</span>`}</p>
${form}
<form method="post"><button class="plain" name="cancel" value="yes">Cancel</button></form>`,
  )
}

const choiceForm = (people: People) => `<form method="post" aria-label="Who are you?">
<ul>
${Object.entries(people)
  .map(
    ([subject, { name, roles, tenant }]) =>
      `<li><button name="person" value="${escapeHtml(subject)}">${escapeHtml(name)} <small>${escapeHtml(
        [subject, ...roles, ...(tenant === undefined ? [] : [`at ${tenant}`])].join(' · '),
      )}</small></button></li>`,
  )
  .join('\n')}
</ul>
</form>
<p class="soft">These are the people of <code>domain/people.ts</code>. On this machine they need no password.</p>`

const passwordForm = (name: string) => `<form method="post">
<label for="person">Name</label>
<input id="person" name="person" value="${escapeHtml(name)}" required autocomplete="username" autocapitalize="none">
<label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password">
<p class="row"><button>Log in</button></p>
</form>`

/** `form` is the library's, without a button. */
export const logoutPage = ({
  form,
  name,
  back,
}: {
  readonly form: string
  readonly name: string
  readonly back: string
}) =>
  page(
    'Log out',
    `<p>${escapeHtml(name)} is logged in${back === '' ? '' : `, and <strong>${escapeHtml(hostOf(back))}</strong> asks to end that`}.</p>
${form}
<p class="row"><button form="op.logoutForm" name="logout" value="yes">Log out</button> <button form="op.logoutForm" class="plain">Stay logged in</button></p>`,
  )

export const loggedOutPage = () => page('Logged out', '<p>You can close this page.</p>')

export const errorPage = (message: string) =>
  page(
    'This does not work',
    `<p role="alert">${escapeHtml(message)}</p>\n<p class="soft">Go back to the application and begin anew.</p>`,
  )

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`

const hostOf = (address: string) => URL.parse(address)?.host ?? address

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }
const escapeHtml = (text: string): string => text.replaceAll(/[&"<>]/g, (character) => ENTITIES[character] ?? '')
