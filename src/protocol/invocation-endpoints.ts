import * as z from 'zod'
import { own } from './own-key-endpoints.ts'

/** The endpoints by which callers see and cancel their own asynchronous calls, besides the address of each. */

const STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
const Time = z.iso.datetime({ offset: true })

const Summary = z.object({
  ...{ id: z.uuid(), function: z.string(), state: z.enum(STATES), attempts: z.int(), createdAt: Time },
  settledAt: Time.optional(),
})

const limit = { requests: 600, perSeconds: 60 }

export const listInvocations = own({
  ...{ name: 'invocations.list', summary: 'List your own asynchronous calls, the newest first.', method: 'GET' },
  path: '/v1/invocations',
  query: z.object({
    limit: z.int().min(1).max(100).default(50),
    before: z.uuid().optional(),
    state: z.enum(STATES).optional(),
  }),
  reply: {
    status: 200,
    body: z.object({ invocations: z.array(Summary), next: z.uuid().optional().describe('`before` of the next page.') }),
  },
  ...{ access: {}, limit },
})

export const cancelInvocation = own({
  ...{ name: 'invocations.cancel', summary: 'Cancel an asynchronous call that has not begun.', method: 'DELETE' },
  ...{ path: '/v1/invocations/{id}', params: z.object({ id: z.string() }) },
  description: 'Its function is not called then. Repeated, it gets the same response.',
  reply: { status: 200, body: Summary },
  failures: { not_found: 404, gone: 410, already_started: 409 },
  ...{ access: {}, limit },
})

export const INVOCATION_ENDPOINTS = [listInvocations, cancelInvocation] as const
