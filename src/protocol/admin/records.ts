import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Flag, pageSize, Tenant, Text, Time } from './admin-schemas.ts'

export const listAudit = adminEndpoint({
  ...{ name: 'audit.list', method: 'GET', path: '/v1/audit' },
  summary: 'List who changed what, the newest first.',
  query: z.strictObject({
    actor: Text,
    action: Text.describe('One action, such as `key.revoked`, or all of `key`.'),
    tenant: Text,
    since: Time.optional(),
    before: z.coerce.number().int().min(1).optional(),
    limit: pageSize(1_000),
  }),
  reply: {
    status: 200,
    body: z.object({
      entries: z.array(
        z.object({
          id: z.int(),
          at: Time,
          actor: z.string(),
          action: z.string(),
          subject: z.string(),
          tenant: z.string().nullable(),
          detail: z.unknown(),
        }),
      ),
      next: z.int().optional().describe('`before` of the next page.'),
    }),
  },
})

export const listUsage = adminEndpoint({
  ...{ name: 'usage.list', method: 'GET', path: '/v1/usage' },
  summary: 'List what callers have used in days of UTC, summed up, or by day.',
  query: z.strictObject({
    from: z.iso.date(),
    to: z.iso.date(),
    tenant: Text,
    subject: Text,
    keyId: z.uuid().optional(),
    byDay: Flag.default(false),
  }),
  reply: {
    status: 200,
    body: z.object({
      from: z.iso.date(),
      to: z.iso.date(),
      usage: z.array(
        z.object({
          day: z.iso.date().nullable(),
          tenant: Tenant.nullable(),
          subject: z.string(),
          plan: z.string(),
          keyId: z.string().nullable().describe('Null where the caller had a token.'),
          requests: z.int(),
          refused: z.int(),
        }),
      ),
    }),
  },
})
