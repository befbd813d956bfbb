import type { HttpRequest } from '../measure/prepare-start.ts'
import { findFreePort } from '../measure/prepare-start.ts'
import { startHaproxy, startNginxProxy } from './native-proxies.ts'
import { AUDIENCE, startOurGateway } from './our-gateway.ts'
import { type Process, startProcess } from './start-process.ts'

export interface Environment {
  readonly folder: string
  readonly core: number
  readonly upstreamPort: number
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly issuer: string
  readonly token: string
  readonly otlpUrl: string
}

/** A gateway, and the requests that it is measured with. */
export interface Gateway {
  readonly name: string
  readonly start: () => Promise<Process>
  readonly requests: readonly GatewayRequest[]
}

export interface GatewayRequest extends HttpRequest {
  /** What is compared between gateways. */
  readonly what: string
  readonly status: number
}

const PATH = '/v1/things/0190a5e8-0000-7000-8000-000000000001'
const get = (what: string, path: string, status: number, headers: HttpRequest['headers'] = {}): GatewayRequest => ({
  ...{ what, method: 'GET', path, status, headers },
})

export const HAPROXY = 'haproxy, a plain proxy'
export const NGINX = 'nginx, a plain proxy'
export const USUAL_PARTS = 'Express and the usual parts'
export const EBB = 'Ebb, every policy on'

/** All gateways, each in front of the same upstream. */
export function allGateways(environment: Environment): readonly Gateway[] {
  const { core, upstreamPort, token, redisUrl, issuer, otlpUrl } = environment
  const authorization = `Bearer ${token}`
  const upstream = `http://127.0.0.1:${upstreamPort}`
  const startNode = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
    const port = await findFreePort()
    const all = { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), UPSTREAM: upstream, ...env }
    return startProcess([process.execPath, ...args], { port, core, env: all })
  }
  return [
    { name: HAPROXY, start: () => startHaproxy(environment), requests: [get('forwarded', PATH, 200)] },
    {
      name: NGINX,
      start: () => startNginxProxy(environment),
      requests: [get('forwarded', PATH, 200), get('401', '/401/', 401), get('429', '/429/', 429)],
    },
    {
      name: 'undici dispatch on node:http',
      start: () => startNode(['bench/gateway/dispatch-proxy.ts'], {}),
      requests: [get('forwarded', PATH, 200)],
    },
    {
      name: USUAL_PARTS,
      start: () =>
        startNode(
          ['--require', '@opentelemetry/auto-instrumentations-node/register', 'bench/peers/gateway-usual-parts.js'],
          {
            ...{ ISSUER: issuer, AUDIENCE, REDIS_URL: redisUrl, NODE_PATH: 'bench/peers/node_modules' },
            ...{
              OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
              OTEL_METRICS_EXPORTER: 'none',
              OTEL_LOGS_EXPORTER: 'none',
              OTEL_NODE_RESOURCE_DETECTORS: 'none',
            },
          },
        ),
      requests: [get('forwarded', PATH, 200, { authorization })],
    },
    {
      name: EBB,
      start: () => startOurGateway(environment),
      requests: [
        get('forwarded', PATH, 200, { authorization }),
        get('401', PATH, 401),
        get('429', '/v1/limited', 429, { authorization }),
      ],
    },
  ]
}
