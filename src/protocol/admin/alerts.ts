import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Instance = z.object({
  state: z.enum(['firing', 'pending']),
  since: Time.describe('Since when the condition holds.'),
  value: z.number().describe('What the expression has come to.'),
  labels: z.record(z.string(), z.string()),
  summary: z.string().describe('What is wrong, in one sentence.'),
})

const Alert = z.object({
  name: z.string().describe('Several may share it: see `severity` and `window`.'),
  severity: z.enum(['critical', 'warning', 'info']),
  window: z.string().optional(),
  state: z
    .enum(['firing', 'pending', 'inactive', 'unknown'])
    .describe('The worst of its instances; `unknown` where it needs metrics that this gateway does not see.'),
  forSeconds: z.int().describe('How long its condition must hold before it fires.'),
  expression: z.string().describe('What is asked, in PromQL.'),
  advice: z.string().describe('What to do first.'),
  runbook: z.string().describe("The page with all that can be done, by its path in Ebb's repository."),
  instances: z.array(Instance).max(100),
})

export const listAlerts = adminEndpoint({
  ...{ name: 'alerts.list', method: 'GET', path: '/v1/alerts' },
  summary: 'List all alerts, and which of them fire, by what this gateway has counted itself.',
  description:
    "The rules are those that the chart gives to Prometheus. On a laptop the gateway reads the relay's metrics as well; on a cluster only Prometheus sees all.",
  reply: {
    status: 200,
    body: z.object({
      evaluatedAt: Time,
      since: Time.describe('Since when this gateway counts: a longer window has seen no more than that.'),
      alerts: z.array(Alert),
    }),
  },
})
