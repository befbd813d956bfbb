import { setTimeout as delay } from 'node:timers/promises'
import { ContractError } from '../../contract/index.ts'
import type { BindContext, Resource } from '../../kernel/index.ts'
import { createGuardedConnect } from './guard/guarded-connect.ts'
import { bindHttp, bindMethods, type Http } from './http.ts'
import { type HttpClient, openHttpClient } from './open-http-client.ts'
import type { HttpMethod } from './request.ts'
import { HttpError } from './response.ts'

const MAX_BYTES = 1024 * 1024

/**
 * HTTP for addresses that callers choose, such as webhooks: calls only public addresses, at the ports of the contract's `egress`
 * (`*:443`, or a host of your choice). Anything else, in whatever spelling, behind whatever name or redirect, rejects with an
 * HttpError `not_allowed` before a connection is made. Otherwise it is `http`, with 1 MiB as the largest response by default.
 * @example
 * export default implement(contract, { http: guarded }, async ({ params: { id } }, { http }) => {
 *   await http.post('https://partner.example/hooks', { json: { id }, timeoutMs: 2_000 })
 *   return { id, quantity: 1 }
 * })
 * @see docs/guide/26-addresses-from-callers.md
 */
export const guarded: Resource<Http, HttpClient> = {
  stores: [],
  open: ({ EBB_GUARDED_ALSO: also = [] }, log, { name, egress = [] } = { name: 'guarded' }) => {
    if (egress.length === 0 && also.length === 0)
      throw new ContractError(
        name,
        "it uses `guarded`, which calls what `egress` allows; add egress: ['*:443'] for any public host",
      )
    const connect = createGuardedConnect({ egress, also })
    return openHttpClient(log, { now: () => performance.now(), random: Math.random, sleep: delay, connect })
  },
  bind: bindGuarded,
  close: (client) => client.close(),
}

/** As `bindHttp`, for a client that connects with a guard: what is no address is refused by the same error as a private one. */
export function bindGuarded(client: HttpClient, context: BindContext): Http {
  const http = bindHttp(client, context)
  return bindMethods(async (method, url, options) => {
    checkAddress(method, url)
    return http.request(method, url, { maxBytes: MAX_BYTES, ...options })
  })
}

function checkAddress(method: HttpMethod, given: string | URL): void {
  const url = URL.parse(given)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new HttpError(
      'not_allowed',
      { method, url: undefined },
      { attempts: 0, cause: new Error('no http or https URL') },
    )
}
