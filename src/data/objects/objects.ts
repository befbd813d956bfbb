import { type Config, type Log, liveSetting, type Resource, requireSetting } from '../../kernel/index.ts'
import { createDatabaseAddress } from '../postgres/database-address.ts'
import { createPool } from '../postgres/pool.ts'
import { bindObjects } from './bind-objects.ts'
import { followObjectAddress } from './object-address.ts'
import { openObjectStore } from './object-store.ts'
import type { Objects, OpenedObjects } from './objects-shape.ts'

/**
 * Objects for a handler: by EBB_OBJECTS_URL; on a laptop in a folder, behind the same protocol and the same signed URLs. Use it
 * beside `{ sql: postgres }`. A store that is away is a 503.
 * @example
 * export default implement(contract, { sql: postgres, objects }, async ({ params }, { sql, objects }) => {
 *   const { id, bytes } = await objects.complete({ sql }, params.id)
 *   return { id, quantity: bytes }
 * })
 * @see docs/guide/44-files.md
 */
export const objects: Resource<Objects, OpenedObjects> = {
  stores: ['objects', 'postgres'],
  open: (config: Config, log: Log) => {
    requireSetting(config, 'DATABASE_URL')
    const database = createDatabaseAddress(liveSetting(config, 'DATABASE_URL', log), { log })
    return {
      store: openObjectStore(followObjectAddress(config, log)),
      pool: createPool(database, { max: 1, log }),
      address: database,
    }
  },
  bind: bindObjects,
  close: async ({ store, pool, address }) => {
    address.close()
    await Promise.all([store.close(), pool.end()])
  },
}
