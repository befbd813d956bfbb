import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Flag, Text, Time } from './admin-schemas.ts'

const Caller = z.object({
  kind: z
    .enum(['key', 'client', 'authorizer', 'anonymous', 'others'])
    .describe('Others: those beyond 100 a day, together.'),
  caller: z.string().describe('The subject of a key, the application of a token, an authorizer, or `anonymous`.'),
  keyId: z.string().nullable(),
  tenant: z.string().nullable(),
  plan: z.string().nullable().describe('The plan that the key or token names.'),
  version: z.string().describe('Of the contract that it was called by.'),
  requests: z.int(),
  lastAt: Time,
})

export const showContractUsage = adminEndpoint({
  ...{ name: 'usage.contracts', method: 'GET', path: '/v1/usage/contracts' },
  summary: 'Show by whom endpoints are called, and with which of their optional fields: what may be removed.',
  description:
    'Of requests that fit their contracts, with some seconds of delay. Fields that nobody has sent are listed as well.',
  query: z.strictObject({
    days: z.coerce.number().int().min(1).max(90).default(30).describe('Of UTC, today included.'),
    endpoint: Text,
    deprecated: Flag.default(false).describe('Only endpoints that are deprecated.'),
  }),
  reply: {
    status: 200,
    body: z.object({
      days: z.int(),
      endpoints: z.array(
        z.object({
          ...{ name: z.string(), method: z.string(), path: z.string() },
          deprecated: z
            .object({ since: z.string(), sunset: z.string().optional(), use: z.string().optional() })
            .nullable(),
          requests: z.int(),
          lastAt: Time.nullable(),
          callers: z.array(Caller).describe('The most requests first.'),
          fields: z.array(
            z.object({
              field: z.string().describe('Such as `query.limit`, or `body.items[].note`.'),
              requests: z.int(),
              callers: z.int().describe('How many of the callers have sent it.'),
            }),
          ),
        }),
      ),
    }),
  },
})
