import { checkProxy } from './check-proxy.ts'
import type { Exact } from './endpoint.ts'
import type { ProxyContract, ProxyShape } from './proxy-shape.ts'

/**
 * Declares a service that is there already and gets its requests through the gateway: with the same keys, logins, scopes and
 * limits as endpoints have, and without a function. Its folder holds the contract alone. Throws a {@link ContractError}, one
 * sentence that says what to write instead, where the contract contradicts itself.
 * @example
 * export default proxy({
 *   name: 'old-shop',
 *   summary: 'The shop as it was before Ebb.',
 *   path: '/shop/*',
 *   upstream: { url: 'http://shop.internal:8080', stripPrefix: true },
 *   access: { scopes: ['shop:use'] },
 * })
 * @see docs/guide/27-existing-services.md
 */
export function proxy<const C extends ProxyShape>(contract: Exact<C, ProxyShape>): ProxyContract<C> {
  checkProxy(contract)
  return Object.freeze({ ...(contract as C), kind: 'proxy' as const })
}
