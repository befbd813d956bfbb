import * as z from 'zod'
import { type AdminOutput, adminEndpoint } from './admin-endpoint.ts'
import { pageSize, Text, Time } from './admin-schemas.ts'

const Status = z
  .string()
  .regex(/^([1-5]\d\d|[1-5]xx)(,([1-5]\d\d|[1-5]xx)){0,9}$/, 'Must be like 404, 5xx or 4xx,503')
  .optional()

/** Which requests; a member that is left out allows all. */
const filter = {
  status: Status.describe('One or several with commas between them: 404, or 5xx for all of these.'),
  method: z.string().max(20).optional(),
  function: Text,
  route: Text.describe('The path of a route, as its contract has it.'),
  path: Text.describe('What the path of the request begins with.'),
  caller: Text,
  tenant: Text,
  correlation: Text,
  trace: Text,
  reason: Text.describe('Why no function was called, such as `validation_failed`; `none`: those that called one.'),
  minMs: z.coerce.number().min(0).max(86_400_000).optional().describe('Only those that took so long.'),
  since: Time.optional().describe('Only those that ended at this time or later.'),
}

const Filter = z.strictObject(filter)
export type RequestFilter = Readonly<z.output<typeof Filter>>

const SeenRequest = z.object({
  id: z.string(),
  gateway: z.string().describe('The gateway that answered it.'),
  at: Time.describe('Its end.'),
  method: z.string(),
  path: z.string().describe('Without its query; at most 300 characters.'),
  route: z.string().nullable(),
  function: z.string().nullable(),
  status: z.int().describe('499 where the caller has hung up.'),
  durationMs: z.number(),
  correlationId: z.string(),
  traceId: z.string().nullable(),
  caller: z.string(),
  tenant: z.string().nullable(),
  client: z.string().nullable(),
  invoked: z.boolean().describe('Whether its function was called.'),
  cold: z.boolean().nullable(),
  reason: z.string().nullable().describe('Why no function was called.'),
  bytes: z.int().describe("Of the response's body."),
  revision: z.string().nullable(),
  tool: z.boolean(),
  deprecated: z.boolean(),
})
export type SeenRequest = Readonly<z.output<typeof SeenRequest>>

export const listRequests = adminEndpoint({
  ...{ name: 'requests.list', method: 'GET', path: '/v1/requests' },
  summary: 'List the requests that this gateway has answered lately, the newest first.',
  description:
    'A gateway keeps its last 2,000 requests and its last 500 with a status of 5xx in its memory. Probes are not among them, unless they fail.',
  query: Filter.extend({
    limit: pageSize(500),
    before: z.string().max(200).optional().describe('The `next` of the page before.'),
  }),
  reply: {
    status: 200,
    body: z.object({
      requests: z.array(SeenRequest),
      next: z.string().optional(),
      held: z.object({ requests: z.int(), since: Time.nullable() }).describe('What is kept at all.'),
    }),
  },
})

export const followRequests = adminEndpoint({
  ...{ name: 'requests.follow', method: 'GET', path: '/v1/requests/live' },
  summary: 'Follow the requests that this gateway answers from now on.',
  description:
    'At most two events a second with at most 25 requests each; `skipped` counts the others that matched. It ends after an hour, and `EventSource` begins anew.',
  query: Filter,
  reply: {
    status: 200,
    event: 'requests',
    data: z.object({ requests: z.array(SeenRequest).describe('The oldest first.'), skipped: z.int() }),
  },
  failures: { too_many_streams: 503 },
})

const Counts = z.array(z.int())

export const showTraffic = adminEndpoint({
  ...{ name: 'traffic.show', method: 'GET', path: '/v1/traffic' },
  summary: 'Count what this gateway has answered in the last ten minutes, by route.',
  reply: {
    status: 200,
    body: z.object({
      gateway: z.string(),
      from: Time.describe('When the first step began; the last one is not over.'),
      stepSeconds: z.int(),
      steps: z.int(),
      traffic: z.array(
        z.object({
          function: z.string(),
          method: z.string(),
          route: z.string(),
          requests: Counts.describe('A number for each step, the oldest first, as in the others.'),
          errors: Counts.describe('Those with a status of 5xx.'),
          cold: Counts,
          notInvoked: Counts.describe('Those that called no function.'),
          ms: z
            .object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() })
            .describe('Over the ten minutes, and at most a quarter too large.'),
          totals: z.object({ requests: z.int(), errors: z.int(), cold: z.int(), notInvoked: z.int() }),
        }),
      ),
    }),
  },
})
export type Traffic = AdminOutput<typeof showTraffic>
