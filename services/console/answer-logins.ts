import { Problem } from 'ebb/contract'
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express'
import { showSession } from '../../src/protocol/admin/session.ts'
import type { Gateways } from './gateways.ts'
import { CALLBACK, type Logins } from './logins.ts'

export interface LoginPagesOptions {
  readonly logins: Logins
  readonly gateways: Gateways
  readonly adminScope: string
  /** Whether browsers reach the console by https. */
  readonly isSecure: boolean
}

/** A page of the console, and no other address: what follows the first slash cannot be another host. */
const OWN_PAGE = /^\/console\/[\w/?=&%.,:#~-]{0,500}$/

/** The login, and who has logged in. */
export function answerLogins({ logins, gateways, adminScope, isSecure }: LoginPagesOptions) {
  // A cookie of this prefix can only be set by this very host, by https (RFC 6265bis, 4.1.3).
  const nameOf = (what: string) => `${isSecure ? '__Host-' : ''}ebb_${what}`
  const write = (response: Response, what: 'console' | 'login', value: string, maxAgeSeconds: number) =>
    response.append(
      'set-cookie',
      // The issuer's page leads back to the callback, and is another site.
      `${nameOf(what)}=${value}; Path=/; HttpOnly; SameSite=${what === 'login' ? 'Lax' : 'Strict'}; Max-Age=${maxAgeSeconds}${isSecure ? '; Secure' : ''}`,
    )
  const read = ({ headers }: Request, what: 'console' | 'login') =>
    headers.cookie
      ?.split(/; */)
      .find((cookie) => cookie.startsWith(`${nameOf(what)}=`))
      ?.slice(nameOf(what).length + 1)

  const begin: RequestHandler = async ({ query }, response) => {
    const to = typeof query.to === 'string' && OWN_PAGE.test(query.to) ? query.to : '/console/'
    const { id, address, maxAgeSeconds } = await logins.begin(to, { asksAgain: query.prompt === 'login' })
    write(response, 'login', id, maxAgeSeconds).set('cache-control', 'no-store').redirect(address)
  }

  const finish: RequestHandler = async (request, response) => {
    const { searchParams } = new URL(request.originalUrl, 'http://console')
    const { to, ...tokens } = await logins.redeem(read(request, 'login'), searchParams)
    write(response, 'login', '', 0)
    const { id, maxAgeSeconds } = logins.start(tokens, await requireOperator(tokens.token))
    write(response, 'console', id, maxAgeSeconds)
    // A page and no redirect: what leads on from the issuer's page brings no strict cookie.
    sendPage(response, `<meta http-equiv="refresh" content="0;url=${to.replaceAll('&', '&amp;')}">`)
  }

  /** Who has this token, as the gateways see it. Throws a Problem 403 where they would let nobody in with it. */
  async function requireOperator(token: string): Promise<string> {
    const answer = await gateways.ask(showSession.path, { headers: { authorization: `Bearer ${token}` } })
    if (answer.status === 403) throw new Problem('forbidden', 403, `Your login lacks the scope ${adminScope}.`)
    const { actor } = showSession.reply.body.parse(await answer.json())
    if (actor !== null) return actor
    throw new Problem(
      'forbidden',
      403,
      'The gateways do not know this login: their EBB_ISSUERS or EBB_ADMIN_SCOPE differ.',
    )
  }

  const end: RequestHandler = async (request, response) => {
    if (request.get('sec-fetch-site') !== 'same-origin')
      throw new Problem('forbidden', 403, 'Only pages of this console may log out.')
    write(response, 'console', '', 0)
    response.redirect(303, (await logins.end(read(request, 'console'))) ?? '/console/')
  }

  const pages = express.Router()
  pages.get('/login', begin)
  pages.get(CALLBACK, finish)
  pages.post('/logout', end)
  pages.use(showRefusal)
  return { pages, sessionOf: (request: Request) => logins.find(read(request, 'console')) }
}

/** Who has come here by a link reads a sentence, and may be somebody else. Programs and the log get the problem as it is. */
const showRefusal: ErrorRequestHandler = (error, request, response, next) => {
  const isRead = request.method === 'GET' && request.accepts(['json', 'html']) === 'html'
  if (!isRead || !(error instanceof Problem) || error.status >= 500) return next(error)
  const said = error.message.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const other = '<a href="/login?prompt=login">Log in as somebody else</a>'
  sendPage(response.status(error.status), '', `<h1>You are not logged in</h1><p>${said}</p><p>${other}</p>`)
}

const sendPage = (response: Response, head: string, body = '') =>
  response
    .set({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
    })
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Console</title>${head}</head><body>${body}</body></html>`,
    )
