import { randomUUID } from 'node:crypto'
import { Problem } from 'ebb/contract'
import express, { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import { OPERATOR } from '../../../src/data/audit.ts'
import { makeToken } from '../../../src/data/keys/api-key-token.ts'
import { createKey, findKey, listKeys, type Peppers, peppersOf, revokeKey } from '../../../src/data/keys/api-keys.ts'
import { rotateKey } from '../../../src/data/keys/rotate-key.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { DEFAULT_OVERLAP_SECONDS, MAX_OVERLAP_SECONDS } from '../../../src/protocol/own-key-endpoints.ts'
import { parseInput } from './parse-input.ts'
import { type PlansOptions, requirePlan } from './plans.ts'

export interface KeysOptions extends Pick<PlansOptions, 'contracts'> {
  readonly pool: pg.Pool
  readonly pepper: string | Peppers
}

/** All scopes of a caller are sent to the function with each request. */
const MAX_SCOPES_LENGTH = 8_192
const Subject = z
  .string()
  .regex(/^[\w.@:+-]{1,128}$/, 'Must be 1 to 128 of letters, digits and _ . @ : + -')
  .refine((subject) => subject !== 'anonymous', 'This is what callers without a key are called')
const Tenant = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'Must be 1 to 63 of letters, digits and . _ -, and begin with a letter or a digit',
  )
const Name = z.string().regex(/^[\w.:-]{1,64}$/, 'Must be 1 to 64 of letters, digits and _ . : -')
const ExpiresAt = z.iso.datetime({ offset: true }).refine((at) => Date.parse(at) > Date.now(), 'Is over already')
const NewKey = z.strictObject({
  subject: Subject,
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
})
const Rotation = z.strictObject({
  overlapSeconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(DEFAULT_OVERLAP_SECONDS),
  expiresAt: ExpiresAt.optional(),
})
const ListQuery = z.strictObject({
  // Of a login it may be anything.
  subject: z.string().max(300).optional(),
  tenant: Tenant.optional(),
  plan: Name.optional(),
  live: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.uuid().optional(),
})
const Id = z.object({ id: z.uuid() })

/**
 * GET and POST /v1/keys, POST /v1/keys/{id}/rotate, DELETE /v1/keys/{id}. The response to a POST is the only place where the
 * token is ever shown.
 */
export function createKeysRouter({ pool, pepper, contracts }: KeysOptions): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    response.json({ keys: await listKeys(pool, parseInput(ListQuery, request.query, 'query')) })
  })
  router.post('/', express.json({ limit: '16kb' }), async (request, response) => {
    const { roles = [], tenant = null, plan = null, name = null, ...grant } = parseInput(NewKey, request.body, 'body')
    if (plan !== null) requirePlan(contracts().plans, plan)
    const created = await createKey(pool, pepper, { ...grant, roles, tenant, plan, name, actor: OPERATOR })
    response.status(201).set('cache-control', 'no-store').json(created)
  })
  router.post('/:id/rotate', express.json({ limit: '16kb' }), async (request, response) => {
    const { id } = parseInput(Id, request.params, 'params')
    const options = parseInput(Rotation, request.body, 'body')
    const next = { id: randomUUID(), token: makeToken() }
    const key = await inTransaction(pool, async (client) => {
      const old = await findKey(client, id)
      if (!old) throw keyNotFound()
      return rotateKey(client, old, { ...options, actor: OPERATOR, pepper: peppersOf(pepper).current, next })
    })
    response.status(201).set('cache-control', 'no-store').json({ key, token: next.token })
  })
  router.delete('/:id', async (request, response) => {
    const { id } = parseInput(Id, request.params, 'params')
    if (!(await revokeKey(pool, id, { actor: OPERATOR }))) {
      throw keyNotFound()
    }
    response.status(204).end()
  })
  return router
}

const keyNotFound = () => new Problem('not_found', 404, 'There is no key of this id.')
