import { randomUUID } from 'node:crypto'
import { Problem } from 'ebb/contract'
import type pg from 'pg'
import { makeToken } from '../../../src/data/keys/api-key-token.ts'
import * as store from '../../../src/data/keys/api-keys.ts'
import { rotateKey as rotateStoredKey } from '../../../src/data/keys/rotate-key.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { createKey, listKeys, revokeKey, rotateKey } from '../../../src/protocol/admin/keys.ts'
import { type AdminOperation, operation } from './operation.ts'
import { type PlansOptions, requirePlan } from './plans.ts'

export interface KeysOptions extends Pick<PlansOptions, 'contracts'> {
  readonly pool: pg.Pool
  readonly pepper: store.Pepper
}

export const keysOperations = ({ pool, pepper, contracts }: KeysOptions): readonly AdminOperation[] => [
  operation(listKeys, async ({ query }) => ({ keys: await store.listKeys(pool, query) })),
  operation(createKey, async ({ body }, { actor }) => {
    const { roles = [], tenant = null, plan = null, name = null, ...grant } = body
    if (plan !== null) requirePlan(contracts().plans, plan)
    return store.createKey(pool, pepper, { ...grant, roles, tenant, plan, name, actor })
  }),
  operation(rotateKey, async ({ params, body }, { actor }) => {
    const next = { id: randomUUID(), token: makeToken() }
    const key = await inTransaction(pool, async (client) => {
      const old = await store.findKey(client, params.id)
      if (!old) throw keyNotFound()
      return rotateStoredKey(client, old, { ...body, actor, pepper: store.peppersOf(pepper).current, next })
    })
    return { key, token: next.token }
  }),
  operation(revokeKey, async ({ params }, { actor }) => {
    if (!(await store.revokeKey(pool, params.id, { actor }))) throw keyNotFound()
    return undefined
  }),
]

const keyNotFound = () => new Problem('not_found', 404, 'There is no key of this id.')
