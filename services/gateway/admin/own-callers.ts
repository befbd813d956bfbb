import { Problem } from 'ebb/contract'
import type { RequestHandler } from 'express'
import { mayBeCalled, unknownHost } from '../../../src/http/gateway/may-be-called.ts'
import type { AdminOptions } from '../admin.ts'

/**
 * Refuses what a page of somebody else's sends, from whatever browser, and names that are not ours where they are known: the
 * operators' side is for programs, and for pages that it gave out itself.
 */
export function ownCallers({ hosts }: Pick<AdminOptions, 'hosts'>): RequestHandler {
  const isOurs = mayBeCalled(hosts ?? ['*'])
  return function ownCallers({ headers }, _response, next) {
    const { host, origin, 'sec-fetch-site': site = 'none' } = headers
    if (!isOurs(host)) throw new Problem('forbidden', 403, unknownHost(host))
    // Browsers that say nothing of the site still name the page's origin.
    const isForeign = origin !== undefined && URL.parse(origin)?.host !== host
    if (isForeign || (site !== 'none' && site !== 'same-origin')) {
      throw new Problem('forbidden', 403, 'Pages of other sites may not call this port.')
    }
    next()
  }
}
