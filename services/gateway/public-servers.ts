import type { Server } from 'node:http'
import { createGatewayServer, type GatewayDependencies, type GatewayOptions } from 'ebb/http/gateway'
import { type Config, drain, listenOn } from 'ebb/kernel'
import type { GatewayTls } from './tls.ts'

/** What the end of a WebSocket may take. */
const CLOSE_MS = 2_000

/** The servers that callers reach, not yet listening: the public one, and beside https one that only redirects and refuses. */
export function createPublicServers(
  dependencies: GatewayDependencies,
  config: Config,
  { tls }: { readonly tls: GatewayTls | undefined },
) {
  const { EBB_HTTP_PORT, EBB_TRUSTED_HOPS, EBB_HTTPS_PORT } = config
  const isBehindEdge = config.EBB_REQUIRE_HTTPS === 'true'
  const limits: GatewayOptions = {
    maxBufferedBytes: config.EBB_BODY_BUDGET_BYTES,
    maxConnections: config.EBB_MAX_CONNECTIONS,
    trustedHops: EBB_TRUSTED_HOPS,
  }
  const securityHeaders = config.EBB_SECURITY_HEADERS === 'true' ? { hstsSeconds: config.EBB_HSTS_SECONDS } : undefined
  const main = createGatewayServer(
    {
      ...dependencies,
      securityHeaders,
      requireHttps: isBehindEdge ? { port: () => EBB_HTTPS_PORT ?? 443 } : undefined,
    },
    { ...limits, tls },
  )
  if ('setSecureContext' in main) tls?.follow(main)
  let port = 0
  const plain =
    EBB_HTTP_PORT === undefined
      ? undefined
      : createGatewayServer(
          { ...dependencies, securityHeaders, requireHttps: { port: () => EBB_HTTPS_PORT ?? port } },
          // Whoever speaks plain HTTP with this port may not say otherwise.
          { ...limits, trustedHops: 0 },
        )
  const all: readonly Server[] = plain ? [main, plain] : [main]
  return {
    explain: main.explain,
    listen: async () => {
      port = await listenOn(main, config.EBB_HOST, config.PORT, 'PORT')
      const httpPort = plain && (await listenOn(plain, config.EBB_HOST, EBB_HTTP_PORT ?? 0, 'EBB_HTTP_PORT'))
      return { port, httpPort }
    },
    drain: async ({ graceMs, timeoutMs }: { readonly graceMs: number; readonly timeoutMs: number }) => {
      // WebSockets live on, since callers come to this gateway no more, and are told in time to come again elsewhere. On a
      // laptop there is no other one.
      const closing = setTimeout(
        () => dependencies.upstream.tunnels?.close(),
        graceMs > 0 ? graceMs + timeoutMs - CLOSE_MS : 0,
      )
      await Promise.all(all.map((server) => drain(server, { graceMs, timeoutMs })))
      clearTimeout(closing)
    },
    close: () => all.forEach((server) => void server.close()),
  }
}
