import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Id, pageSize, Time } from './admin-schemas.ts'

const State = z.enum(['waiting', 'leased', 'done', 'dead', 'dropped'])
const delivery = { consumer: z.string(), state: State, attempts: z.int(), availableAt: Time.nullable() }
const event = {
  ...{ id: z.uuid(), type: z.string(), source: z.string(), subject: z.string().nullable(), createdAt: Time },
}

export const listEvents = adminEndpoint({
  ...{ name: 'events.list', method: 'GET', path: '/v1/events' },
  summary: 'List events and the states of their deliveries, the newest first.',
  query: z.strictObject({
    state: State.optional().describe('Only events with a delivery in this state.'),
    type: z.string().max(200).optional(),
    limit: pageSize(500),
    before: z.string().max(200).optional().describe('The `next` of the page before.'),
  }),
  reply: {
    status: 200,
    body: z.object({
      events: z.array(z.object({ ...event, deliveries: z.array(z.object(delivery)) })),
      next: z.string().optional(),
    }),
  },
})

export const countWaiting = adminEndpoint({
  ...{ name: 'events.waiting', method: 'GET', path: '/v1/events/waiting' },
  summary: 'Count the calls that wait for a function.',
  query: z.strictObject({ function: z.string().max(100) }),
  reply: { status: 200, body: z.object({ deliveries: z.int(), invocations: z.int() }) },
})

const Attempt = z.object({
  number: z.int(),
  startedAt: Time,
  durationMs: z.number(),
  status: z.int().nullable().describe('Null where no response came.'),
  error: z.string().nullable(),
  body: z.string().nullable().describe('At most the first KiB of the response.'),
  revision: z.string().nullable(),
  traceparent: z.string(),
})

export const showEvent = adminEndpoint({
  ...{ name: 'events.show', method: 'GET', path: '/v1/events/{id}', params: Id },
  summary: 'Show an event with its deliveries and their attempts.',
  reply: {
    status: 200,
    body: z.object({
      ...event,
      version: z.int().describe('Of its data.'),
      payload: z.unknown().describe('Its data; null where they have more than 256 KiB.'),
      payloadBytes: z.int(),
      correlationId: z.string(),
      callerId: z.string(),
      tenant: z.string().nullable(),
      traceparent: z.string(),
      deliveries: z.array(
        z.object({
          ...delivery,
          settledAt: Time.nullable(),
          redriven: z.object({ at: Time, by: z.string(), afterAttempt: z.int() }).nullable(),
          history: z.array(Attempt),
        }),
      ),
    }),
  },
  failures: { not_found: 404 },
})

export const readEventData = adminEndpoint({
  ...{ name: 'events.data', method: 'GET', path: '/v1/events/{id}/data', params: Id },
  summary: 'Read the data of an event, however large.',
  reply: { status: 200, body: z.unknown() },
  failures: { not_found: 404 },
})

const Day = z.object({ day: z.iso.date() })

export const listUnarchived = adminEndpoint({
  ...{ name: 'events.days', method: 'GET', path: '/v1/events/days' },
  summary: 'List the days (UTC) that are over, have events and are not archived, the oldest first.',
  query: z.strictObject({ before: z.iso.date().optional().describe('Only days before this one.') }),
  reply: { status: 200, body: z.object({ days: z.array(z.iso.date()) }) },
})

export const readDay = adminEndpoint({
  ...{ name: 'events.archive', method: 'GET', path: '/v1/events/days/{day}', params: Day },
  summary: 'Read the events of a day (UTC) with their deliveries and attempts, the oldest first, a page at a time.',
  description:
    'Each line is `{ event, deliveries }`: a CloudEvent in structured mode, and what came of it. The next page begins `afterTime` and `afterId` of the last event; after the last one it is empty.',
  query: z.strictObject({ afterTime: Time.optional(), afterId: z.uuid().optional() }),
  reply: { status: 200, text: 'application/x-ndjson' },
})

export const recordArchived = adminEndpoint({
  ...{ name: 'events.archived', method: 'PUT', path: '/v1/events/days/{day}', params: Day },
  summary: 'Record that a day is archived, so that relays with EBB_ARCHIVE may drop it.',
  body: z.strictObject({ events: z.int().min(0).optional().describe('How many were written, for the audit.') }),
  reply: { status: 204 },
  failures: { day_not_over: 409 },
  change: 'event.archived',
})

const deadLetters = {
  type: z.string().max(200).optional(),
  consumer: z.string().max(100).optional(),
  id: z.uuid().optional(),
  before: Time.optional(),
  after: Time.optional(),
  limit: z.int().min(1).max(1_000).default(100),
  dryRun: z.boolean().default(false),
}

const Page = {
  limit: pageSize(500),
  before: z.string().max(200).optional().describe('The `next` of the page before.'),
}

export const listDead = adminEndpoint({
  ...{ name: 'events.dead', method: 'GET', path: '/v1/events/dead' },
  summary: 'List the dead letters, those that died last first, and count them all.',
  query: z.strictObject({ consumer: z.string().max(100).optional(), type: z.string().max(200).optional(), ...Page }),
  reply: {
    status: 200,
    body: z.object({
      deliveries: z.array(
        z.object({
          eventId: z.uuid(),
          consumer: z.string(),
          type: z.string(),
          attempts: z.int(),
          createdAt: Time.describe('When the event was emitted.'),
          diedAt: Time,
          edited: z.boolean().describe('Whether an operator has replaced its data.'),
          status: z.int().nullable().describe('Of the last attempt; null where no response came.'),
          error: z.string().nullable(),
          correlationId: z.string(),
        }),
      ),
      counts: z
        .array(z.object({ consumer: z.string(), type: z.string(), deliveries: z.int() }))
        .describe('Of all that match, most first; at most 200 rows.'),
      next: z.string().optional(),
    }),
  },
})

export const readDeliveryData = adminEndpoint({
  ...{ name: 'events.delivered', method: 'GET', path: '/v1/events/{id}/deliveries/{consumer}/data' },
  summary: 'Read what a subscriber would get as the data of a dead letter.',
  params: z.strictObject({ id: z.uuid(), consumer: z.string().max(100) }),
  reply: { status: 200, body: z.object({ data: z.unknown(), edited: z.boolean() }) },
  failures: { not_found: 404 },
})

export const editDelivery = adminEndpoint({
  ...{ name: 'events.edit', method: 'PUT', path: '/v1/events/{id}/deliveries/{consumer}/data' },
  summary: 'Replace what one subscriber gets as the data of a dead letter; the event stays as it was emitted.',
  params: z.strictObject({ id: z.uuid(), consumer: z.string().max(100) }),
  body: z.strictObject({
    data: z.unknown(),
    dryRun: z.boolean().default(false).describe('Only check whether the subscriber would take it.'),
  }),
  maxBodyBytes: 17 * 1024 * 1024,
  reply: { status: 204 },
  failures: { not_found: 404, not_dead: 409 },
  change: 'event.edited',
})

export const dropEvents = adminEndpoint({
  ...{ name: 'events.drop', method: 'POST', path: '/v1/events/drop' },
  summary: 'Give dead letters up for good, and list which, or with `dryRun` would be.',
  body: z.strictObject({ ...deadLetters, reason: z.string().trim().min(1).max(1_000) }),
  reply: {
    status: 200,
    body: z.object({
      dryRun: z.boolean(),
      deliveries: z.array(z.object({ eventId: z.uuid(), consumer: z.string(), type: z.string(), attempts: z.int() })),
      more: z.boolean().describe('Whether more are dead than the limit allowed to look at.'),
    }),
  },
  failures: { not_found: 404 },
  change: 'event.dropped',
})

export const redriveEvents = adminEndpoint({
  ...{ name: 'events.redrive', method: 'POST', path: '/v1/events/redrive' },
  summary: 'Send dead letters again, and list what was done with each, or with `dryRun` would be.',
  body: z
    .strictObject({
      ...deadLetters,
      to: z.string().max(100).optional(),
      perSecond: z.number().min(0.001).max(10_000).optional(),
      stopOnFailure: z.boolean().default(true),
    })
    .refine(({ to, consumer }) => to === undefined || consumer !== undefined, {
      path: ['to'],
      message: 'needs `consumer`: whose place it takes',
    }),
  reply: {
    status: 200,
    body: z.object({
      dryRun: z.boolean(),
      deliveries: z.array(
        z.object({
          eventId: z.uuid(),
          consumer: z.string(),
          type: z.string(),
          attempts: z.int(),
          outcome: z.enum(['first', 'redriven', 'follows', 'misfit']),
          faults: z.array(z.object({ path: z.string(), message: z.string() })).describe('Why it stays dead.'),
        }),
      ),
      more: z.boolean().describe('Whether more are dead than the limit allowed to look at.'),
    }),
  },
  failures: { not_found: 404 },
  change: 'event.redriven',
})
