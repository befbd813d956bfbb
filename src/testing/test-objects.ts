import { createHash, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { followObjectAddress } from '../data/objects/object-address.ts'
import { openObjectStore } from '../data/objects/object-store.ts'
import { startObjects } from '../dev/objects/start-objects.ts'
import { createLog, parseConfig } from '../kernel/index.ts'

/** A store of objects for the tests of a file, with what puts uploads there. */
export async function startTestObjects(folder: string, pool: pg.Pool) {
  const { url, stop } = await startObjects({ folder, port: 0, secretAccessKey: randomUUID() })
  const store = openObjectStore(
    followObjectAddress(parseConfig({ EBB_OBJECTS_URL: url }), createLog({ level: 'silent' })),
  )
  return {
    url,
    upload: async (content: Uint8Array, type: string, state: 'pending' | 'stored' = 'pending'): Promise<string> => {
      const id = randomUUID()
      const sha256 = createHash('sha256').update(content).digest('hex')
      await pool.query(
        `insert into ebb.object (id, type, bytes, sha256, state, stored_at, expires_at)
         values ($1, $2, $3, $4, $5, case when $5 = 'stored' then now() end, now() + interval '1 hour')`,
        [id, type, content.byteLength, sha256, state],
      )
      await store.put(id, content, { type, bytes: content.byteLength, sha256 })
      return id
    },
    stop: async () => {
      await store.close()
      await stop()
    },
  }
}
