import * as z from 'zod'
import type { EndpointContract, EndpointShape } from '../contract/index.ts'

/**
 * The endpoints of the platform itself, by which callers manage what is their own. They are written as contracts, so that
 * gateway and OpenAPI document derive routes, validation and documentation as from any other; a name with a dot is no
 * team's.
 */
export const own = <const C extends EndpointShape>(contract: C): EndpointContract<C> =>
  Object.freeze({ ...contract, kind: 'endpoint' as const })

const Time = z.iso.datetime({ offset: true })
const Scope = z.string().max(100)

export const Key = z.object({
  id: z.uuid(),
  subject: z.string(),
  tenant: z.string().nullable(),
  name: z.string().nullable(),
  prefix: z.string().describe('The first characters of its random part, to recognise it by.'),
  scopes: z.array(z.string()),
  roles: z.array(z.string()),
  plan: z.string().nullable(),
  replaces: z.uuid().nullable().describe('The key whose place it took.'),
  createdAt: Time,
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
})

/** An API key as its owner sees it, which is as it is stored but for its hash. */
export interface OwnKey {
  readonly id: string
  readonly subject: string
  /** The subject's tenant; two tenants may have the same subject, and these are two callers. */
  readonly tenant: string | null
  /** What its owner calls it. */
  readonly name: string | null
  /** The first characters of the token's random part, to recognise it by. */
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  /** The plan that its requests count against; where null, that of its tenant. */
  readonly plan: string | null
  /** RFC 3339, as are the next two. */
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** The id of the key whose place it took when that was rotated. */
  readonly replaces: string | null
}

export const KeyWithToken = z.object({
  key: Key,
  token: z.string().describe('What requests send; it is stored nowhere, and shown only here.'),
})

export const DEFAULT_KEY_DAYS = 90
const MAX_KEY_DAYS = 366
const DAY_MS = 86_400_000

const ExpiresAt = Time.refine(
  (at) => Date.parse(at) > Date.now() && Date.parse(at) <= Date.now() + MAX_KEY_DAYS * DAY_MS,
  `Must lie ahead, by ${MAX_KEY_DAYS} days at most`,
).optional()

export const DEFAULT_OVERLAP_SECONDS = 86_400
export const MAX_OVERLAP_SECONDS = 7 * 86_400

const id = z.object({ id: z.uuid() })
const reads = { requests: 60, perSeconds: 60 }
const changes = { requests: 10, perSeconds: 60 }

export const listOwnKeys = own({
  ...{ name: 'keys.list', summary: 'List your own API keys, the newest first.', method: 'GET', path: '/v1/keys' },
  query: z.object({ limit: z.int().min(1).max(100).default(50), before: z.uuid().optional() }),
  reply: {
    status: 200,
    body: z.object({ keys: z.array(Key), next: z.uuid().optional().describe('`before` of the next page.') }),
  },
  ...{ access: {}, limit: reads },
})

export const createOwnKey = own({
  ...{ name: 'keys.create', summary: 'Create an API key of your own.', method: 'POST', path: '/v1/keys' },
  description:
    'The key calls as you, in your tenant and on your plan, and may do what you name of what your login may do. Its token is shown here only.',
  body: z.object({
    name: z.string().min(1).max(100).describe('What you call it.'),
    scopes: z.array(Scope).max(100).describe('What it may do, of what your login may do.'),
    roles: z.array(Scope).max(100).default([]),
    expiresAt: ExpiresAt.describe(`Default: in ${DEFAULT_KEY_DAYS} days. At most ${MAX_KEY_DAYS} days ahead.`),
  }),
  reply: { status: 201, body: KeyWithToken },
  failures: { too_many_keys: 409, token_gone: 409 },
  ...{ access: {}, idempotent: true, limit: changes },
})

export const rotateOwnKey = own({
  ...{ name: 'keys.rotate', summary: 'Put a new token in the place of one.', method: 'POST' },
  ...{ path: '/v1/keys/{id}/rotate', params: id },
  description:
    'The new key grants what the old one does. The old token stays valid for the overlap; that of a key which the old one itself replaced is over at once.',
  body: z.object({
    overlapSeconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(DEFAULT_OVERLAP_SECONDS),
    expiresAt: ExpiresAt.describe('Default: when the old one would have expired.'),
  }),
  reply: { status: 201, body: KeyWithToken },
  failures: { not_found: 404, key_not_live: 409, already_rotated: 409, token_gone: 409 },
  ...{ access: {}, idempotent: true, limit: changes },
})

export const revokeOwnKey = own({
  ...{ name: 'keys.revoke', summary: 'Revoke an API key of your own, at once.', method: 'DELETE' },
  ...{ path: '/v1/keys/{id}', params: id },
  reply: { status: 204 },
  failures: { not_found: 404 },
  ...{ access: {}, limit: changes },
})

const Day = z.iso.date()
const period = z.object({
  from: Day.optional().describe('Default: the first of the month.'),
  to: Day.optional().describe('The last day. Default: today. Days are of UTC, and 366 at most.'),
})
const UsageDay = z.object({
  ...{ day: Day, plan: z.string() },
  keyId: z.uuid().nullable().describe('Null where it was a login.'),
  requests: z.int().describe('Those that were let through.'),
  refused: z.int().describe('Those that a limit, a rate or a quota has refused.'),
})
const days = z.array(UsageDay).describe('The oldest first; none where the caller has no plan.')

/** What one caller has used on one day, by one plan and one key. */
export interface OwnUsage {
  readonly day: string
  readonly plan: string
  readonly keyId: string | null
  readonly requests: number
  readonly refused: number
}

export const showKeyUsage = own({
  ...{ name: 'keys.usage', summary: 'Show what one of your keys has been used for so far.', method: 'GET' },
  ...{ path: '/v1/keys/{id}/usage', params: id, query: period },
  reply: { status: 200, body: z.object({ from: Day, to: Day, days }) },
  failures: { not_found: 404 },
  ...{ access: {}, limit: reads },
})

export const showUsage = own({
  ...{ name: 'usage.show', summary: 'Show your plan, and what you have used of it so far.', method: 'GET' },
  ...{ path: '/v1/usage', query: period },
  description: 'Counts are some seconds behind. A quota that is of the whole tenant counts the requests of all of it.',
  reply: {
    status: 200,
    body: z.object({
      plan: z.string().nullable(),
      quota: z.object({ per: z.enum(['day', 'month']), requests: z.int(), used: z.int() }).nullable(),
      ...{ from: Day, to: Day, days },
    }),
  },
  ...{ access: {}, limit: reads },
})

/** Those that take a login, and no key. */
export const OWN_KEY_ENDPOINTS: readonly EndpointContract[] = [
  ...[listOwnKeys, createOwnKey, rotateOwnKey, revokeOwnKey, showKeyUsage],
]

/** All of them. */
export const OWN_ENDPOINTS: readonly EndpointContract[] = [...OWN_KEY_ENDPOINTS, showUsage]
