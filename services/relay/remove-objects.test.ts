import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { createLog, parseConfig } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { startTestObjects } from '../../src/testing/test-objects.ts'
import { removeObjects } from './remove-objects.ts'
import { query } from './test-outbox.ts'
import { closeLater, until } from './test-support.ts'

const { url, ownerUrl } = testDatabase()
const content = Buffer.from('what an object has in it')

/** A store, and a relay's rounds with the relay's own login. */
async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-relay-objects-'))
  closeLater(() => rm(folder, { recursive: true }))
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 })
  closeLater(() => owner.end())
  const objects = await startTestObjects(folder, owner)
  closeLater(objects.stop)
  const pool = new pg.Pool({ connectionString: databaseUrlFor('relay', url), max: 1 })
  closeLater(() => pool.end())
  const options = { pool, log: createLog({ level: 'silent' }), intervalMs: 20, lateSeconds: 0 }
  const rounds = removeObjects(parseConfig({ EBB_OBJECTS_URL: objects.url }), options)
  closeLater(() => rounds?.stop())
  return objects
}

it('removes an upload that was not finished in time, and the row of the team that refers to it', async () => {
  const { upload } = await setUp()
  await query(url, 'create table thing (id uuid references ebb.object (id) on delete cascade)')
  const [over, going] = [await upload(content, 'text/plain'), await upload(content, 'text/plain')]
  await query(url, 'insert into thing select id from ebb.object')
  await query(url, `update ebb.object set expires_at = now() where id = '${over}'`)
  await until('it is gone', async () => (await query(url, 'select from ebb.object')).length === 1)
  expect(await query(url, 'select id from thing')).toEqual([{ id: going }])
})

it('does nothing where no store is named', () => {
  const options = {
    pool: new pg.Pool({ connectionString: `postgres://${randomUUID()}` }),
    log: createLog({ level: 'silent' }),
  }
  expect(removeObjects(parseConfig({}), options)).toBeUndefined()
})
