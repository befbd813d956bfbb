import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from 'ebb/contract'
import type { RequestHandler } from 'express'
import { createHostCheck, unknownHostMessage } from '../../../src/http/gateway/steps/known-host.ts'
import type { AdminAppOptions } from './app.ts'

/** Lets in who knows the admin key, as `Authorization: Bearer`; how long it takes tells nothing about the key. */
export function requireAdminKey({ adminKey }: Pick<AdminAppOptions, 'adminKey'>): RequestHandler {
  const expected = hash(`Bearer ${adminKey}`)
  return function requireKey(request, _response, next) {
    if (timingSafeEqual(hash(request.get('authorization') ?? ''), expected)) return next()
    throw new Problem('unauthenticated', 401, 'Send the admin key as Authorization: Bearer.', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
}

/** Equally long, whatever was sent. */
const hash = (text: string) => createHash('sha256').update(text).digest()

/**
 * Refuses what a page of somebody else's sends, from whatever browser, and names that are not ours where they are known: the
 * operators' side is for programs, and for pages that it gave out itself.
 */
export function refuseForeignPages({ hosts }: Pick<AdminAppOptions, 'hosts'>): RequestHandler {
  const isOurs = createHostCheck(hosts ?? ['*'])
  return function ownCallers({ headers }, _response, next) {
    const { host, origin, 'sec-fetch-site': site = 'none' } = headers
    if (!isOurs(host)) throw new Problem('forbidden', 403, unknownHostMessage(host))
    // Browsers that say nothing of the site still name the page's origin.
    const isForeign = origin !== undefined && URL.parse(origin)?.host !== host
    if (isForeign || (site !== 'none' && site !== 'same-origin')) {
      throw new Problem('forbidden', 403, 'Pages of other sites may not call this port.')
    }
    next()
  }
}
