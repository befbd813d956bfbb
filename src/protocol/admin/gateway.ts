import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

export const readMetrics = adminEndpoint({
  ...{ name: 'metrics.read', method: 'GET', path: '/metrics' },
  summary: 'Read the metrics of this gateway, as Prometheus does.',
  reply: { status: 200, text: 'text/plain; version=0.0.4; charset=utf-8' },
  open: true,
})

const Scale = z.object({ max: z.int(), concurrency: z.int(), warm: z.array(z.unknown()).optional() })
/** As the laptop's runner tells it, or as a gateway sees it by itself. */
const FunctionState = z.object({
  name: z.string(),
  instances: z.int().nullable().describe('Null where only the platform that runs it could tell.'),
  coldStarts: z.int().nullable(),
  requests: z.int().nullable(),
  route: z.string().optional().describe("An endpoint's method and path, a subscriber's event, or `authorizer`."),
  scale: Scale.optional(),
  lastColdStartAt: Time.nullable().optional(),
  revision: z.string().nullable().optional(),
  since: Time.optional().describe('What counts, counts from here on, for this gateway alone.'),
})

export const listFunctions = adminEndpoint({
  ...{ name: 'functions.list', method: 'GET', path: '/v1/functions' },
  summary:
    'List the functions, in how many instances they run, and how often each was started, as far as is known here.',
  reply: { status: 200, body: z.array(FunctionState) },
  open: true,
})

const Limit = z.object({ requests: z.int(), perSeconds: z.int(), burst: z.int() })

export const listRoutes = adminEndpoint({
  ...{ name: 'routes.list', method: 'GET', path: '/v1/routes' },
  summary: 'List the routes of this gateway with their policy, by path.',
  reply: {
    status: 200,
    body: z.object({
      routes: z.array(
        z.looseObject({
          ...{ name: z.string(), method: z.string(), path: z.string(), summary: z.string() },
          by: z.enum(['function', 'service']).describe('What answers: its function, or the service behind a proxy.'),
          service: z.object({ address: z.string(), methods: z.array(z.string()) }).optional(),
          access: z.string().describe('Who may call, in words.'),
          scopes: z.array(z.string()),
          limit: Limit.optional(),
          timeoutMs: z.int(),
          maxBodyBytes: z.int().optional(),
          scale: Scale.optional(),
          idempotent: z.boolean(),
          async: z.boolean(),
        }),
      ),
    }),
  },
})

export const LogLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
const LogLevelState = z.object({
  level: LogLevel,
  setting: LogLevel.describe('What LOG_LEVEL says, to which it falls back.'),
  until: Time.nullable().describe('When it falls back; null where it does not.'),
})

export const showLogLevel = adminEndpoint({
  ...{ name: 'log-level.show', method: 'GET', path: '/v1/log-level' },
  summary: 'Show from which level on this gateway logs.',
  reply: { status: 200, body: LogLevelState },
})

export const setLogLevel = adminEndpoint({
  ...{ name: 'log-level.set', method: 'PUT', path: '/v1/log-level' },
  summary: 'Set the level of all gateways, for some time or until they end.',
  description: 'This gateway has it when it answers, the others within a second.',
  body: z.strictObject({
    level: LogLevel,
    forSeconds: z.int().min(1).max(86_400).optional().describe('Then it is what LOG_LEVEL says. Default: it stays.'),
  }),
  reply: { status: 200, body: LogLevelState },
  change: 'log-level.set',
})

const BreakerState = z.object({
  name: z.string().describe('Of the route.'),
  state: z.enum(['closed', 'open', 'half-open']),
  calls: z.int().describe('Of the last 5 to 10 s.'),
  faults: z.int().describe('How many of them failed.'),
  opensAgainInMs: z.int().describe('How long an open one refuses all requests yet.'),
})
export type BreakerState = Readonly<z.output<typeof BreakerState>>

/** The circuit breakers of one gateway. */
export interface Breakers {
  readonly list: () => readonly BreakerState[]
  /** Closes one; false where there is none of this name. */
  readonly reset: (name: string) => boolean
}

export const listBreakers = adminEndpoint({
  ...{ name: 'breakers.list', method: 'GET', path: '/v1/breakers' },
  summary: 'List the circuit breakers of this gateway.',
  reply: { status: 200, body: z.object({ breakers: z.array(BreakerState) }) },
})

export const resetBreaker = adminEndpoint({
  ...{ name: 'breakers.reset', method: 'POST', path: '/v1/breakers/{name}/reset' },
  summary: 'Close a circuit breaker on all gateways.',
  params: z.object({ name: z.string().max(100) }),
  reply: { status: 204 },
  failures: { not_found: 404 },
  change: 'breaker.reset',
})
