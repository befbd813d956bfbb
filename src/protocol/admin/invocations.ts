import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Id, pageSize, Text, Time } from './admin-schemas.ts'

const State = z.enum(['waiting', 'leased', 'done', 'dead', 'cancelled'])

const invocation = {
  id: z.uuid(),
  function: z.string(),
  state: State.describe('`leased`: a relay is calling its function. `dead`: it has failed for good.'),
  caller: z.string(),
  tenant: z.string().nullable(),
  attempts: z.int(),
  createdAt: Time,
  availableAt: Time.nullable().describe('When it is due, where it waits.'),
  settledAt: Time.nullable(),
  status: z.int().nullable().describe("Of its function's last response."),
  correlationId: z.string(),
}

export const listInvocations = adminEndpoint({
  ...{ name: 'invocations.list', method: 'GET', path: '/v1/invocations' },
  summary: 'List the asynchronous calls of all callers, the newest first.',
  query: z.strictObject({
    state: State.optional(),
    function: Text,
    caller: Text,
    tenant: Text,
    correlation: Text,
    limit: pageSize(500),
    before: z.uuid().optional().describe('The id of the last one of the page before.'),
  }),
  reply: { status: 200, body: z.object({ invocations: z.array(z.object(invocation)), next: z.uuid().optional() }) },
})

const Attempt = z.object({
  number: z.int(),
  startedAt: Time,
  durationMs: z.number(),
  status: z.int().nullable().describe('Null where no response came.'),
  error: z.string().nullable(),
  body: z.string().nullable().describe('At most the first KiB of the response.'),
  revision: z.string().nullable(),
})

export const showInvocation = adminEndpoint({
  ...{ name: 'invocations.show', method: 'GET', path: '/v1/invocations/{id}', params: Id },
  summary: 'Show an asynchronous call with its attempts; not the headers and the body of its request.',
  reply: {
    status: 200,
    body: z.object({
      ...invocation,
      method: z.string(),
      target: z.string().describe('Path and query.'),
      response: z
        .object({
          status: z.int(),
          headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
          body: z
            .string()
            .nullable()
            .describe('Null where it is no text, has more than 64 KiB, or was too large to keep.'),
          bytes: z.int().nullable(),
        })
        .nullable()
        .describe("Its function's last."),
      callback: z
        .object({ state: z.enum(['waiting', 'leased', 'done', 'dead']), attempts: z.int(), status: z.int().nullable() })
        .nullable(),
      history: z.array(Attempt),
    }),
  },
  failures: { not_found: 404 },
})

export const cancelInvocation = adminEndpoint({
  ...{ name: 'invocations.cancel', method: 'POST', path: '/v1/invocations/{id}/cancel', params: Id },
  summary: 'Cancel an asynchronous call that has not begun, as its caller may.',
  body: z.strictObject({ reason: z.string().trim().min(1).max(1_000) }),
  reply: { status: 204 },
  failures: { not_found: 404, already_begun: 409 },
  change: 'invocation.cancelled',
})
