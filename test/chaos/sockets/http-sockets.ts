import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { endpoint } from 'ebb/contract'
import { createGatewayServer, type GatewayDependencies } from 'ebb/http/gateway'
import { createLog, parseConfig } from 'ebb/kernel'
import { Agent } from 'undici'
import * as z from 'zod'
import { openCaller } from '../../../services/relay/call-function.ts'
import { readExcerpt } from '../../../services/relay/read-response.ts'
import { contractSet } from '../../../src/contract/index.ts'
import { http } from '../../../src/data/http-client/http.ts'
import { NO_INVOCATIONS } from '../../../src/http/gateway/test-support-invocations.ts'
import { createSpanProcessor } from '../../../src/telemetry/otlp/exporters.ts'
import type { Socket } from './recovery.ts'

const log = createLog({ level: 'silent' })
const TIMEOUT_MS = 1_000
const START_MS = 500
const SLACK_MS = 1_000
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** All connections by HTTP: to functions, from handlers, and to a collector. */
export function httpSockets(port: number): Socket[] {
  const target = { host: '127.0.0.1', port }
  return [
    {
      ...{ name: 'upstream: gateway to function, 1.5 s', target, limitMs: TIMEOUT_MS + START_MS + SLACK_MS },
      open: async (port) => {
        const gateway = await startGateway(port)
        const use = async () => {
          const { status, headers } = await fetch(`${gateway.url}/v1/thing`)
          if (status === 503 && !headers.has('retry-after')) throw new TypeError('503 says when to come again')
          if (status !== 200) throw new Error(`${status}`)
        }
        return { use, close: gateway.close }
      },
    },
    {
      ...{ name: 'upstream: relay to function, 1.5 s', target, limitMs: TIMEOUT_MS + START_MS + 5_000 + SLACK_MS },
      open: (port) => {
        const locate = () => ({ origin: `http://127.0.0.1:${port}`, prefix: '' })
        const { call, close } = openCaller({ locate, sign: async () => 'signed', startTimeoutMs: START_MS, log })
        const use = async () => {
          const { status, error } = await call('a-function', {
            ...{ path: '/', method: 'POST', headers: {}, body: '{}', identity: { sub: 'relay', scopes: [] } },
            attempt: 1,
            ...{ correlationId: 'a', traceparent, timeoutMs: TIMEOUT_MS, read: readExcerpt },
            signal: new AbortController().signal,
          })
          if (status !== 200) throw new Error(error)
        }
        return { use, close }
      },
    },
    {
      ...{ name: "HTTP: a handler's calls, 1 s each", target, limitMs: TIMEOUT_MS + SLACK_MS },
      open: (port) => {
        const client = http.open(parseConfig({}), log)
        const signal = new AbortController().signal
        const lent = http.bind(client, { signal, correlationId: 'a', traceparent, afterCommit: async () => {} })
        const use = () => lent.get(`http://127.0.0.1:${port}/`, { timeoutMs: TIMEOUT_MS, retries: 0 })
        return { use, close: () => http.close?.(client) }
      },
    },
  ]
}

/** What functions export spans by. `arrived` returns how many exports the collector has accepted. */
export function otlpSocket(target: Socket['target'], arrived: () => number): Socket {
  return {
    ...{ name: 'OTLP: spans to a collector', target, limitMs: 10_000 + SLACK_MS },
    open: (port) => {
      // The exporter reads it when it is made, with the first span.
      process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${port}`
      const processor = createSpanProcessor(parseConfig({ OTEL_BSP_SCHEDULE_DELAY: '60000' }), log)
      const provider = new TracerProvider({ spanProcessors: [processor] })
      const use = async () => {
        const before = arrived()
        provider.getTracer('weather').startSpan('GET').end()
        await processor.forceFlush()
        if (arrived() === before) throw new Error('the span was dropped')
      }
      return { use, close: () => provider.shutdown() }
    },
  }
}

const contracts = contractSet(
  {
    'get-thing': endpoint({
      ...{ name: 'get-thing', summary: 'Shows.', method: 'GET', path: '/v1/thing', access: { anonymous: true } },
      ...{ reply: { status: 200, body: z.object({}) }, timeoutMs: TIMEOUT_MS },
    }),
  },
  { openapi: '3.1.0' },
)

/** A gateway before functions that are all on this port. */
async function startGateway(port: number) {
  const connect = { timeout: START_MS }
  const [dispatcher, retryDispatcher] = [new Agent({ connect }), new Agent({ connect, pipelining: 0 })]
  const ports: GatewayDependencies = {
    ...{
      contracts: () => contracts,
      authenticate: { key: async () => undefined },
      findStoredResponse: async () => ({ status: 'new' }),
    },
    ...{
      limiter: () => ({ allowed: true, rates: [], release: () => {}, undo: () => {} }),
      corsOrigins: [],
      docs: async () => undefined,
    },
    ...{ sign: async () => 'signed', ready: async () => true, log },
    invocations: NO_INVOCATIONS,
    metrics: { judged: () => {}, shortCircuited: () => {}, completed: () => {}, shed: () => {}, refused: () => {} },
    upstream: {
      ...{ dispatcher, retryDispatcher, startTimeoutMs: START_MS },
      locate: () => ({ origin: `http://127.0.0.1:${port}`, prefix: '' }),
    },
  }
  const server = createGatewayServer(ports).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
      return Promise.all([dispatcher.destroy(), retryDispatcher.destroy()])
    },
  }
}

/** Answers everything as a function would. */
export async function startFunction() {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
