import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Firing = z.object({
  plannedAt: Time.describe('The time that the cron named, or that of the request to run it.'),
  state: z
    .enum(['waiting', 'running', 'done', 'dead', 'skipped', 'missed'])
    .describe('Waiting: for the end of the one before. Skipped: for it. Missed: nothing ran that could have fired it.'),
  eventId: z.uuid().nullable(),
  manual: z.boolean().describe('Whether an operator had it fire.'),
})

export const listSchedules = adminEndpoint({
  ...{ name: 'schedules.list', method: 'GET', path: '/v1/schedules' },
  summary: 'List the schedules with their next and their last firing.',
  reply: {
    status: 200,
    body: z.object({
      schedules: z.array(
        z.object({
          ...{ name: z.string(), cron: z.string(), timeZone: z.string() },
          missed: z.enum(['skip', 'once', 'all']),
          overlap: z.enum(['skip', 'queue']),
          jitterMs: z.int(),
          nextAt: Time.nullable().describe('Null where no relay has seen it yet.'),
          waiting: z.int().describe('How many firings wait for the end of the one before.'),
          last: Firing.nullable(),
        }),
      ),
    }),
  },
})

export const runSchedule = adminEndpoint({
  ...{ name: 'schedules.run', method: 'POST', path: '/v1/schedules/{name}/run' },
  params: z.object({ name: z.string().max(100) }),
  summary: 'Have a schedule fire now, in addition to its own times.',
  description:
    "Where the firing before is not done it waits for that, or is refused, as the contract's `overlap` says.",
  reply: { status: 201, body: Firing },
  failures: { not_found: 404, still_running: 409 },
  change: 'schedule.run',
})
