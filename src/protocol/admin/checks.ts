import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Run = z.object({
  at: Time.describe('When it began.'),
  passed: z.boolean(),
  status: z.int().nullable().describe('Null where there was no response.'),
  durationMs: z.int(),
  message: z.string().nullable().describe('Why it failed.'),
  correlationId: z.string(),
})

export const listChecks = adminEndpoint({
  ...{ name: 'checks.list', method: 'GET', path: '/v1/checks' },
  summary: 'List the synthetic checks of the contracts with their last runs, whichever relay made them.',
  reply: {
    status: 200,
    body: z.object({
      checks: z.array(
        z.object({
          name: z.string().describe('Of the endpoint.'),
          ...{ method: z.string(), path: z.string(), everySeconds: z.int() },
          from: z.string().describe('The title of the example that is sent.'),
          undo: z
            .string()
            .nullable()
            .describe('The endpoint that takes back what it writes; null where it only reads.'),
          state: z
            .enum(['passing', 'failing', 'unknown', 'overdue'])
            .describe('Unknown: none was made yet. Overdue: none was made for three times as long as it should.'),
          failures: z.int().describe('In a row.'),
          failingSince: Time.nullable(),
          nextAt: Time.nullable().describe('Null where no relay has seen it yet.'),
          runs: z.array(Run).describe('The last 30, the newest first.'),
        }),
      ),
    }),
  },
})

export const runCheck = adminEndpoint({
  ...{ name: 'checks.run', method: 'POST', path: '/v1/checks/{name}/run' },
  params: z.object({ name: z.string().max(100) }),
  summary: 'Have a check made now: a relay begins it within a second or two.',
  reply: { status: 200, body: z.object({ name: z.string() }) },
  failures: { not_found: 404 },
  change: 'check.run',
})
