import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Flag, pageSize, Time } from './admin-schemas.ts'

const TraceId = z.string().regex(/^[0-9a-f]{32}$/, 'Must be 32 hexadecimal digits')
const Link = z.string().nullable().describe('Where it is shown, as EBB_TRACES_URL says.')
/** As the laptop's exporters name the parts: gateway, relay, or a function. */
const Part = z.string()

export const listTraces = adminEndpoint({
  ...{ name: 'traces.list', method: 'GET', path: '/v1/traces' },
  summary: 'List the traces that are kept, the newest first: on a laptop those of the last hour.',
  description: 'On a cluster no part of Ebb keeps spans: `kept` is false, and `link` leads to what does.',
  query: z.strictObject({
    status: z.enum(['failed', 'ok']).optional().describe('Only those of which a span failed, or none did.'),
    cold: Flag.optional().describe('Only those for which a function started, or none did.'),
    minMs: z.coerce.number().min(0).max(3_600_000).optional().describe('Only those that took so long, or longer.'),
    route: z.string().max(200).optional().describe('Only those whose name has this text in it, such as `/v1/orders`.'),
    correlation: z.string().max(128).optional().describe('Only those of the request with this correlation id.'),
    limit: pageSize(200),
    before: z.string().max(100).optional().describe('The `next` of the page before.'),
  }),
  reply: {
    status: 200,
    body: z.object({
      kept: z.boolean(),
      link: z.string().nullable().describe('EBB_TRACES_URL as it is set, with {traceId} in it.'),
      since: Time.nullable().describe('When the oldest began.'),
      dropped: z.int().describe('Spans that came, and were too many of one trace.'),
      traces: z.array(
        z.object({
          ...{ traceId: TraceId, name: z.string(), part: Part, startedAt: Time, durationMs: z.number() },
          status: z.int().nullable().describe('The HTTP status of its first span.'),
          failed: z.boolean().describe('Whether any of its spans failed.'),
          cold: z.boolean().describe('Whether a function started for it.'),
          ...{ spans: z.int(), parts: z.array(Part), correlationId: z.string().nullable() },
        }),
      ),
      next: z.string().optional(),
    }),
  },
})

export const showTrace = adminEndpoint({
  ...{ name: 'traces.show', method: 'GET', path: '/v1/traces/{id}' },
  summary:
    'Show the spans of a trace as a waterfall, with the attempts of its deliveries, and what lies between by its name.',
  params: z.object({ id: TraceId }),
  reply: {
    status: 200,
    body: z.object({
      ...{
        traceId: TraceId,
        startedAt: Time,
        durationMs: z.number(),
        correlationId: z.string().nullable(),
        link: Link,
      },
      rows: z.array(
        z.object({
          spanId: z.string().nullable().describe('Null for a gap, and for an attempt that has no span.'),
          ...{ parentSpanId: z.string().nullable(), depth: z.int(), part: Part, name: z.string() },
          kind: z.enum(['internal', 'server', 'client', 'producer', 'consumer', 'delivery', 'gap']),
          atMs: z.number().describe('Since the first span began.'),
          ...{ durationMs: z.number(), failed: z.boolean() },
          cold: z.boolean().describe('Whether the function started for it.'),
          says: z.string().describe('A few words: a status, the beginning of a statement, why there is a gap.'),
          attributes: z.record(z.string(), z.unknown()).describe("By OpenTelemetry's names."),
        }),
      ),
    }),
  },
  failures: { not_found: 404 },
})

const Finding = z.object({
  part: Part,
  says: z.string(),
  step: z.int().nullable().describe('The index of its step; null where it is of none.'),
})

export const explainId = adminEndpoint({
  ...{ name: 'requests.story', method: 'GET', path: '/v1/explain/{id}' },
  summary: 'Tell what happened to a request, in order, and what failed, by any of its ids.',
  description:
    'From what can be seen here: the database, and on a laptop the log and the spans. `unseen` says what could not be looked at.',
  params: z.object({
    id: z
      .string()
      .regex(/^[\w.:-]{1,128}$/, 'Must be an id')
      .describe('A correlation id, a trace id, or the id of an event or of an asynchronous call.'),
  }),
  reply: {
    status: 200,
    body: z.object({
      ...{ id: z.string(), correlationIds: z.array(z.string()), traceIds: z.array(z.string()), startedAt: Time },
      causes: z.array(Finding).describe('What failed, the first cause first; empty where nothing did.'),
      slowest: Finding.nullable().describe('What took half of the time of a slow request, or more.'),
      steps: z.array(
        z.object({
          atMs: z.number().describe('Since the first one began.'),
          ...{ durationMs: z.number().nullable(), part: Part },
          kind: z.enum(['request', 'start', 'statement', 'call', 'event', 'delivery', 'mail', 'wait', 'log']),
          ...{ says: z.string(), failed: z.boolean() },
          error: z.string().optional().describe("The stack of what was thrown: the project's own frames."),
          ...{ traceId: z.string().optional(), spanId: z.string().optional() },
        }),
      ),
      unseen: z.array(z.string()).describe('What could not be looked at, and where it is.'),
    }),
  },
  failures: { not_found: 404 },
})
