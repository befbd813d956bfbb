import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from 'ebb/contract'
import type { Authenticators } from 'ebb/http/gateway'
import { TokenError } from 'ebb/protocol'
import type { Request, RequestHandler } from 'express'
import { OPERATOR, operatorActor } from '../../../src/data/audit.ts'
import { parseAuthorization } from '../../../src/http/gateway/steps/authenticate.ts'
import { createHostCheck, unknownHostMessage } from '../../../src/http/gateway/steps/known-host.ts'
import type { Sessions } from './sessions.ts'

export interface AccessOptions {
  /** The keys that are good now; a second one while the first is being replaced. */
  readonly adminKeys: () => readonly (string | undefined)[]
  /** The scope with which an access token administers; none does where undefined. */
  readonly adminScope: string | undefined
  readonly authenticate: Pick<Authenticators, 'token'>
  /** The names by which this port is called, beside its addresses and localhost; any where undefined. */
  readonly hosts: readonly string[] | undefined
}

/**
 * Refuses requests from pages of other sites, in any browser, and under host names that are not ours where those are
 * known: this port is for programs, and for pages that it serves itself.
 */
export function refuseForeignPages({ hosts }: Pick<AccessOptions, 'hosts'>): RequestHandler {
  const isKnownHost = createHostCheck(hosts ?? ['*'])
  return function refuseForeignPages({ headers }, _response, next) {
    const { host, origin, 'sec-fetch-site': site = 'none' } = headers
    if (!isKnownHost(host)) throw new Problem('forbidden', 403, unknownHostMessage(host))
    // Browsers that do not send Sec-Fetch-Site still send the page's origin.
    const isForeign = origin !== undefined && URL.parse(origin)?.host !== host
    if (isForeign || (site !== 'none' && site !== 'same-origin')) {
      throw new Problem('forbidden', 403, 'Pages of other sites may not call this port.')
    }
    next()
  }
}

export interface Administrators {
  readonly requireAdmin: RequestHandler
  /** Who an admitted request comes from, for the audit. */
  readonly actorOf: (request: Request) => string
  /** Who that is of any request; undefined for nobody. Rejects with a Problem where a token lacks the scope. */
  readonly identify: (request: Request) => Promise<string | undefined>
}

/**
 * Requires an admin key as `Authorization: Bearer`, an access token that has the admin scope, or the cookie of a browser that
 * was logged in. How long the check takes says nothing about the keys.
 */
export function requireAdmin(options: Omit<AccessOptions, 'hosts'> & { readonly sessions: Sessions }): Administrators {
  const { adminKeys, adminScope, authenticate, sessions } = options
  const actors = new WeakMap<Request, string>()
  const verify = adminScope === undefined ? undefined : authenticate.token
  const refusal = new Problem(
    'unauthenticated',
    401,
    verify
      ? `Send the admin key, or an access token with the scope ${adminScope}, as Authorization: Bearer.`
      : 'Send the admin key as Authorization: Bearer.',
    { headers: { 'www-authenticate': 'Bearer' } },
  )
  const isAdminKey = (authorization: string) => {
    const sent = hash(authorization)
    const matches = adminKeys().map((key) => key !== undefined && timingSafeEqual(sent, hash(`Bearer ${key}`)))
    return matches.includes(true)
  }

  async function identify(request: Request): Promise<string | undefined> {
    const authorization = request.get('authorization') ?? ''
    if (isAdminKey(authorization)) return OPERATOR
    if (authorization === '' && isFromOwnPage(request) && sessions.expiryOf(request.headers)) return OPERATOR
    const sent = parseAuthorization(authorization)
    if (!sent || !verify || adminScope === undefined) return undefined
    try {
      const { caller } = await verify({ ...sent, ...describeRequest(request) })
      if (caller.scopes.includes(adminScope)) return operatorActor(caller.sub)
    } catch (error) {
      if (error instanceof TokenError) return undefined
      throw error
    }
    throw new Problem('forbidden', 403, `Your token lacks the scope ${adminScope}.`)
  }

  const requireAdmin: RequestHandler = async (request, _response, next) => {
    const actor = await identify(request)
    if (actor === undefined) throw refusal
    actors.set(request, actor)
    next()
  }
  return { requireAdmin, actorOf: (request) => actors.get(request) ?? 'nobody', identify }
}

/**
 * Whether a browser says that a page of this port sent it, where it may change something: browsers send cookies on their
 * own. `refuseForeignPages` has refused what says otherwise.
 */
const isFromOwnPage = ({ method, headers }: Request) =>
  ['GET', 'HEAD'].includes(method) || headers.origin !== undefined || headers['sec-fetch-site'] === 'same-origin'

/** What of a request may belong to a token. */
function describeRequest({ method, originalUrl, headers, headersDistinct, socket }: Request) {
  const [path = ''] = originalUrl.split('?', 1)
  const { host } = headers
  const client = { address: socket.remoteAddress ?? '', proto: 'http', host } as const
  return { method, path, url: `http://${host}${path}`, proofs: headersDistinct.dpop ?? [], client }
}

/** Of equal length, whatever was sent. */
const hash = (text: string) => createHash('sha256').update(text).digest()
