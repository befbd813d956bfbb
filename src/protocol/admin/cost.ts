import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Amount = z.number().nullable().describe('In units of the currency; null without domain/prices.ts.')
const Seconds = z.number()

const FunctionCost = z.object({
  name: z.string(),
  instances: z.int().describe('That have started.'),
  requests: z.int().describe('That came to the gateway, or were calls of the relay.'),
  calls: z.int().describe('Those of them that came to the function.'),
  coldStarts: z.int(),
  avoided: z.int().describe('Those that the gateway answered itself; not those whose call comes later (202).'),
  seconds: z.object({
    starting: Seconds,
    busy: Seconds.describe('With at least one request in flight.'),
    idle: Seconds.describe('With none, until the platform stops it.'),
    warm: Seconds.describe('With none, since `scale.min` or a warm window keeps it.'),
  }),
  databaseSeconds: Seconds.describe('That its connections were in use.'),
  cpuSeconds: Seconds.describe('That its processes have computed.'),
  bytes: z.int().describe('Sent to callers.'),
  cost: z.object({
    ...{ busy: Amount, starting: Amount, idle: Amount, warm: Amount, requests: Amount, traffic: Amount },
    gateway: Amount.describe('Its share of the gateways, by requests.'),
    relay: Amount.describe('Its share of the relays, by calls.'),
    database: Amount.describe('Its share of the database, by the time of its connections.'),
    total: Amount,
  }),
  saved: Amount.describe('What the avoided requests would have cost as busy seconds.'),
})

const CallerCost = {
  ...{ requests: z.int(), calls: z.int(), busySeconds: Seconds, bytes: z.int() },
  cost: Amount.describe('Of what was done for them: without starting, idle and warm instances.'),
}

const Outcome = z.object({
  calls: z.number(),
  coldStarts: z.number().describe('Instances that started.'),
  ...{ instanceSeconds: Seconds, cost: Amount, p50Ms: z.number().nullable(), p99Ms: z.number().nullable() },
})
/** As texts of a query. */
const Count = z.coerce.number().int()

export const readWhatIf = adminEndpoint({
  ...{ name: 'cost.whatIf', method: 'GET', path: '/v1/cost/what-if' },
  summary: 'Say what the recorded calls of a function would have cost, and taken, with another contract.',
  description:
    'Of the last 7 days, and of 100,000 calls, at most. They are simulated one by one, as they came, with an idle time of instances that is fitted to what was recorded.',
  query: z.strictObject({
    ...{ function: z.string(), from: Time.optional(), to: Time.optional() },
    min: Count.min(0).max(1_000).optional().describe('`scale.min`'),
    concurrency: Count.min(1).max(10_000).optional().describe('`scale.concurrency`'),
    warm: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)$/, 'Must be HH:MM-HH:MM')
      .optional()
      .describe('A warm window of every day, in UTC, such as `08:00-18:00`.'),
    maxAgeSeconds: Count.min(0).max(31_536_000).optional().describe('`cache.maxAgeSeconds`'),
  }),
  failures: { not_found: 404 },
  reply: {
    status: 200,
    body: z.object({
      ...{ function: z.string(), from: Time, to: Time, currency: z.string().nullable() },
      idleSeconds: z.number().describe('For how long the platform keeps an idle instance, by what was recorded.'),
      recorded: Outcome,
      simulated: Outcome.describe('By the simulation, with the contract as it is: what it gets wrong shows here.'),
      changed: Outcome,
    }),
  },
})

export const readCost = adminEndpoint({
  ...{ name: 'cost.read', method: 'GET', path: '/v1/cost' },
  summary: 'Price what functions, gateways and relays have used, by function, plan and tenant.',
  description:
    'Whole hours of UTC, at most 92 days; default: the last 7 days. Busy, idle, starting and warm seconds of all functions are the life of all their instances.',
  query: z.strictObject({ from: Time.optional(), to: Time.optional() }),
  reply: {
    status: 200,
    body: z.object({
      from: Time,
      to: Time,
      currency: z.string().nullable(),
      cost: Amount.describe('Of everything.'),
      functions: z.array(FunctionCost).describe('The dearest first; proxies too, which have no instances.'),
      plans: z.array(z.object({ plan: z.string().nullable(), ...CallerCost })),
      tenants: z.array(
        z.object({
          tenant: z.string().nullable().describe('Null for no tenant, `*` for the rest of them.'),
          ...CallerCost,
        }),
      ),
      services: z.array(
        z.object({ name: z.enum(['gateway', 'relay']), instances: z.int(), seconds: Seconds, cost: Amount }),
      ),
      databaseCost: Amount,
      unused: Amount.describe('Of starting, idle and warm instances.'),
      series: z
        .array(
          z.object({
            at: Time,
            seconds: z.object({ starting: Seconds, busy: Seconds, idle: Seconds }),
            cost: Amount,
          }),
        )
        .describe('Instances of functions, by hour up to 8 days, else by day.'),
    }),
  },
})
