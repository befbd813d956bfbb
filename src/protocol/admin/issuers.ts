import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Issuers = z.object({
  issuers: z.array(
    z.object({
      issuer: z.string(),
      kids: z.array(z.string()).describe('The ids of its keys that are known here.'),
      fetchedAt: Time.optional(),
      error: z.string().optional().describe('Why the last attempt to fetch them failed, where it did.'),
    }),
  ),
})

export const listIssuers = adminEndpoint({
  ...{ name: 'issuers.list', method: 'GET', path: '/v1/issuers' },
  summary: 'List the issuers of access tokens, with their keys as this gateway knows them.',
  reply: { status: 200, body: Issuers },
})

export const refreshIssuers = adminEndpoint({
  ...{ name: 'issuers.refresh', method: 'POST', path: '/v1/issuers/refresh' },
  summary: 'Make every gateway fetch the keys of all issuers now.',
  description: 'For an operator who has removed a key: this gateway has fetched them when it answers.',
  reply: { status: 200, body: Issuers },
  change: 'issuers.refreshed',
})
