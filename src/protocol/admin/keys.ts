import * as z from 'zod'
import { DEFAULT_OVERLAP_SECONDS, Key, KeyWithToken, MAX_OVERLAP_SECONDS } from '../own-key-endpoints.ts'
import { adminEndpoint } from './admin-endpoint.ts'
import { Flag, Id, Name, pageSize, Tenant, Time } from './admin-schemas.ts'

/** All scopes of a caller are sent to the function with each request. */
const MAX_SCOPES_LENGTH = 8_192
const Subject = z
  .string()
  .regex(/^[\w.@:+-]{1,128}$/, 'Must be 1 to 128 of letters, digits and _ . @ : + -')
  .refine((subject) => subject !== 'anonymous', 'This is what callers without a key are called')
const ExpiresAt = Time.refine((at) => Date.parse(at) > Date.now(), 'Is over already')

export const listKeys = adminEndpoint({
  ...{ name: 'keys.list', method: 'GET', path: '/v1/keys' },
  summary: 'List the API keys, without their tokens, the newest first.',
  query: z.strictObject({
    // Of a login it may be anything.
    subject: z.string().max(300).optional(),
    tenant: Tenant.optional(),
    plan: Name.optional(),
    live: Flag.optional().describe('Only those that are neither revoked nor expired.'),
    limit: pageSize(500),
    before: z.uuid().optional().describe('The id of the last key of the page before.'),
  }),
  reply: { status: 200, body: z.object({ keys: z.array(Key) }) },
})

export const createKey = adminEndpoint({
  ...{ name: 'keys.create', method: 'POST', path: '/v1/keys' },
  summary: 'Create an API key. Its token is shown only here.',
  body: z.strictObject({
    subject: Subject.describe('Whom requests with this key come from.'),
    scopes: z
      .array(z.string().regex(/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/, 'Must look like orders:write'))
      .max(100)
      .refine(
        (scopes) => scopes.join().length <= MAX_SCOPES_LENGTH,
        `Must have at most ${MAX_SCOPES_LENGTH} characters together`,
      ),
    roles: z.array(Name).max(100).optional(),
    tenant: Tenant.optional(),
    plan: Name.optional(),
    name: z.string().min(1).max(100).optional(),
    expiresAt: ExpiresAt.optional(),
  }),
  reply: { status: 201, body: KeyWithToken },
  failures: { too_many_keys: 409 },
  change: 'key.created',
})

export const rotateKey = adminEndpoint({
  ...{ name: 'keys.rotate', method: 'POST', path: '/v1/keys/{id}/rotate', params: Id },
  summary: 'Put a new key in the place of one, with the same rights. Its token is shown only here.',
  body: z.strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(MAX_OVERLAP_SECONDS)
      .default(DEFAULT_OVERLAP_SECONDS)
      .describe('For how long the old token stays valid.'),
    expiresAt: ExpiresAt.optional(),
  }),
  reply: { status: 201, body: KeyWithToken },
  failures: { not_found: 404, key_not_live: 409, already_rotated: 409 },
  change: 'key.rotated',
})

export const revokeKey = adminEndpoint({
  ...{ name: 'keys.revoke', method: 'DELETE', path: '/v1/keys/{id}', params: Id },
  summary: 'Revoke an API key: every gateway refuses it within a second.',
  reply: { status: 204 },
  failures: { not_found: 404 },
  change: 'key.revoked',
})
