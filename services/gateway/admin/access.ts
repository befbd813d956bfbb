import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from 'ebb/contract'
import type { RequestHandler } from 'express'
import { createHostCheck, unknownHostMessage } from '../../../src/http/gateway/steps/known-host.ts'

export interface AccessOptions {
  /** The keys that are good now; a second one while the first is being replaced. */
  readonly adminKeys: () => readonly (string | undefined)[]
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

/** Requires an admin key as `Authorization: Bearer`. How long the check takes says nothing about the keys. */
export function requireAdminKey({ adminKeys }: Pick<AccessOptions, 'adminKeys'>): RequestHandler {
  return function requireAdminKey(request, _response, next) {
    const sent = hash(request.get('authorization') ?? '')
    const matches = adminKeys().map((key) => key !== undefined && timingSafeEqual(sent, hash(`Bearer ${key}`)))
    if (matches.includes(true)) return next()
    throw new Problem('unauthenticated', 401, 'Send the admin key as Authorization: Bearer.', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
}

/** Of equal length, whatever was sent. */
const hash = (text: string) => createHash('sha256').update(text).digest()
