import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import express, { type Express, type Request, type RequestHandler } from 'express'
import { problems } from '../../src/http/middleware/problems.ts'
import { showSession } from '../../src/protocol/admin/session.ts'
import { answerLogins, type LoginPagesOptions } from './answer-logins.ts'
import { forward, forwardJoined, forwardLive } from './forward.ts'
import type { Gateways } from './gateways.ts'
import { JOINED } from './join.ts'

export interface ConsoleOptions extends LoginPagesOptions {
  readonly gateways: Gateways
  readonly log: Log
}

/** Creates the console of a cluster: its page is that of the gateways, and so is all that the page shows. */
export function createConsoleApp(options: ConsoleOptions): Express {
  const { gateways, log } = options
  const app = express().disable('x-powered-by').disable('etag')
  app.get(['/_/health', '/_/ready'], (_request, response) => void response.end())
  app.get('/', (_request, response) => response.redirect('/console/'))
  const { pages, sessionOf } = answerLogins(options)
  app.use(pages)
  // The page shows nothing that is anyone's, and says itself what it may load.
  app.use(
    '/console',
    onlyGet,
    forward(gateways, async () => ({})),
  )

  const headersOf = async (request: Request) => {
    const session = await sessionOf(request)
    if (!session) throw new Problem('unauthenticated', 401, 'Log in first.')
    return { authorization: `Bearer ${session.token}` }
  }
  app.use('/v1', requireOwnPage)
  app.get(showSession.path, async (request, response) => {
    const session = await sessionOf(request)
    const { actor = null, expiresAt = null } = session ?? {}
    response.set('cache-control', 'no-store').json({ actor, expiresAt, login: '/login?to=/console/' })
  })
  app.use(showSession.path, () => {
    throw new Problem('not_found', 404, 'Sessions of this console begin at /login and end at /logout.')
  })
  app.get('/v1/requests/live', forwardLive(gateways, headersOf))
  for (const { endpoint, join } of JOINED)
    app.get(endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1'), forwardJoined(gateways, headersOf, join))
  app.use('/v1', forward(gateways, headersOf))
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing at this path.')
  })
  app.use(problems({ log }))
  return app
}

const onlyGet: RequestHandler = ({ method }, _response, next) => {
  if (method !== 'GET') throw new Problem('method_not_allowed', 405, 'Only GET is possible here.')
  next()
}

/** Browsers send cookies on their own, and say since 2023 all of them whose page has asked. Programs ask a gateway. */
const requireOwnPage: RequestHandler = ({ headers }, _response, next) => {
  if (headers['sec-fetch-site'] === 'same-origin') return next()
  throw new Problem(
    'forbidden',
    403,
    'Only pages of this console may call it; programs call the admin API of a gateway.',
  )
}
