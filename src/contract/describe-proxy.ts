import { MAX_BODY_BYTES, MAX_STREAM_MS, PROXY_CONCURRENCY, TIMEOUT_MS } from './defaults.ts'
import type { Route } from './described.ts'
import { parseProxyPath } from './path-template.ts'
import { parseProxiedUrl } from './proxied-url.ts'
import type { ProxyContract } from './proxy-shape.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** A proxy's contract as plain data, with its defaults resolved. */
export function describeProxy(contract: ProxyContract): Route {
  const { name, summary, path, access, upstream, limit, maxBodyBytes = MAX_BODY_BYTES } = contract
  const { concurrency = PROXY_CONCURRENCY, timeoutMs = TIMEOUT_MS, methods = METHODS } = contract
  return {
    ...{ kind: 'proxy', method: '*', name, summary, path, timeoutMs, maxBodyBytes },
    ...{ scale: { max: 1, concurrency }, secrets: [], emits: [] },
    scopes: access.scopes ?? [],
    anonymous: access.anonymous ?? false,
    ...(access.dpop ? { dpop: true } : {}),
    ...(access.authorizer === undefined ? {} : { authorizer: access.authorizer }),
    ...(contract.tenancy ? { tenancy: true } : {}),
    ...(limit ? { limit: { ...limit, burst: limit.burst ?? limit.requests } } : {}),
    ...{ owner: false, policy: false, idempotent: false, async: false, readOnly: false, headers: [] },
    hasBody: maxBodyBytes > 0,
    ...(maxBodyBytes > MAX_BODY_BYTES
      ? { bodyStream: { types: ['*/*'], maxBytes: maxBodyBytes, maxMs: MAX_STREAM_MS } }
      : {}),
    upstream: {
      methods: methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
      ...parseProxiedUrl(upstream.url),
      stripped: upstream.stripPrefix ? parseProxyPath(path).base : '',
      preservesHost: upstream.host === 'preserve',
      forwardsCredentials: upstream.credentials === 'forward',
      identity: upstream.identity ?? 'signed',
      ownsCors: upstream.cors === 'upstream',
      setHeaders: upstream.setHeaders ?? {},
      removeHeaders: upstream.removeHeaders ?? [],
      cached: contract.cache !== undefined,
      ...(contract.cache === 'origin-and-callers' ? { reload: true } : {}),
    },
  }
}

/** The methods of a route; GET includes HEAD. GraphQL is asked by GET, too. */
export const methodsOf = ({
  method,
  upstream,
  graphql,
}: Pick<Route, 'method' | 'upstream' | 'graphql'>): readonly string[] =>
  upstream?.methods ?? (method === 'GET' ? ['GET', 'HEAD'] : graphql ? ['GET', method] : [method])
