import { Problem } from 'ebb/contract'
import express, { Router } from 'express'
import type pg from 'pg'
import * as z from 'zod'
import { createKey, listKeys, type Peppers, revokeKey } from '../../../src/data/api-keys.ts'
import { parseInput } from './parse-input.ts'

export interface KeysOptions {
  readonly pool: pg.Pool
  readonly pepper: string | Peppers
}

const ACTOR = 'admin'
/** All scopes of a caller are sent to the function with each request. */
const MAX_SCOPES_LENGTH = 8_192
const Subject = z
  .string()
  .regex(/^[\w.@:+-]{1,128}$/, 'Must be 1 to 128 of letters, digits and _ . @ : + -')
  .refine((subject) => subject !== 'anonymous', 'This is what callers without a key are called')
const NewKey = z.strictObject({
  subject: Subject,
  scopes: z
    .array(z.string().regex(/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/, 'Must look like orders:write'))
    .max(100)
    .refine(
      (scopes) => scopes.join().length <= MAX_SCOPES_LENGTH,
      `Must have at most ${MAX_SCOPES_LENGTH} characters together`,
    ),
  expiresAt: z.iso
    .datetime({ offset: true })
    .refine((at) => Date.parse(at) > Date.now(), 'Is over already')
    .optional(),
})
const ListQuery = z.strictObject({
  subject: Subject.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.uuid().optional(),
})
const Id = z.object({ id: z.uuid() })

/** GET and POST /v1/keys, DELETE /v1/keys/{id}. The response to a POST is the only place where the token is ever shown. */
export function createKeysRouter({ pool, pepper }: KeysOptions): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    response.json({ keys: await listKeys(pool, parseInput(ListQuery, request.query, 'query')) })
  })
  router.post('/', express.json({ limit: '16kb' }), async (request, response) => {
    const grant = parseInput(NewKey, request.body, 'body')
    const created = await createKey(pool, pepper, { ...grant, actor: ACTOR })
    response.status(201).set('cache-control', 'no-store').json(created)
  })
  router.delete('/:id', async (request, response) => {
    const { id } = parseInput(Id, request.params, 'params')
    if (!(await revokeKey(pool, id, { actor: ACTOR }))) {
      throw new Problem('not_found', 404, 'There is no key of this id.')
    }
    response.status(204).end()
  })
  return router
}
