import { randomUUID } from 'node:crypto'
import type { ProxyContract } from '../../contract/index.ts'
import type { MatrixCaller } from './cells.ts'
import type { Presented } from './right-answer.ts'

/** One request to what is behind a proxy. */
export interface ProxyCell {
  readonly proxy: ProxyContract
  readonly caller: MatrixCaller
  readonly method: string
  /** Of a thing that the service hardly has. */
  readonly path: string
  /** A refusal's status; `passed on` for whoever may call, and then the service answers. */
  readonly right: 'passed on' | 401 | 403
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Every caller × method × proxy. It shares no code with the gateway, since it is what that is held to. */
export const proxyCellsOf = (
  proxies: readonly ProxyContract[],
  callers: readonly MatrixCaller[],
): readonly ProxyCell[] =>
  proxies.flatMap((proxy) =>
    (proxy.methods ?? METHODS).flatMap((method) =>
      callers.map((caller) => ({
        ...{ proxy, caller, method, path: proxy.path.replaceAll(/\{\w+\}|\*$/g, () => randomUUID()) },
        right: rightAnswer(proxy, method, caller.presented),
      })),
    ),
  )

function rightAnswer({ access, tenancy, upstream }: ProxyContract, method: string, presented: Presented) {
  const { scopes = [], anonymous, dpop, authorizer } = access
  const isServices = (anonymous && upstream.credentials) || (method === 'OPTIONS' && upstream.cors)
  if (isServices) return 'passed on'
  // No key is what an authorizer judges by; and nobody here proves to have a token's key.
  if (authorizer || presented === 'invalid' || (dpop && presented !== 'nothing')) return 401
  if (presented === 'nothing') return anonymous ? 'passed on' : 401
  if (tenancy && presented.tenant === undefined) return 403
  return scopes.every((scope) => presented.scopes.includes(scope)) ? 'passed on' : 403
}

/** The proxy that passes a request on which no endpoint takes: the one with the longest path. */
export const findProxy = (
  proxies: readonly ProxyContract[],
  { method, path }: { readonly method: string; readonly path: string },
): ProxyContract | undefined =>
  proxies
    .filter(({ path: own, methods = METHODS }) => {
      const takes: readonly string[] = methods
      return takes.includes(method === 'HEAD' ? 'GET' : method) && covers(own, path)
    })
    .sort((a, b) => b.path.length - a.path.length)[0]

function covers(own: string, path: string): boolean {
  const segments = own.split('/')
  const asked = path.split('/')
  const isOpen = segments.at(-1) === '*'
  if (isOpen) segments.pop()
  if (isOpen ? asked.length < segments.length : asked.length !== segments.length) return false
  return segments.every((segment, i) => segment === asked[i] || segment.startsWith('{'))
}
