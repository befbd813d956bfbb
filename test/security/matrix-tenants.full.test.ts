import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { runMatrix } from '../../src/conformance/index.ts'
import type { MatrixReport } from '../../src/conformance/matrix/run-matrix.ts'
import { tryContracts } from '../../src/deploy/import-sources.ts'
import { ADMIN_KEY, type Hole, startWall, type Wall } from './wall.ts'

/** The functions beside this file: what they keep is a tenant's. */
const PROJECT = join(process.cwd(), 'test/security')
const MEMOS = `
  create table memos (id uuid primary key, owner text not null, text text not null);
  select ebb.make_tenant_table('memos');
  grant select, insert, update, delete on memos to ebb_functions`

let wall: Wall
afterAll(() => wall?.close())
const database = testDatabase()
beforeAll(async () => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  await client.query(MEMOS)
  await client.end()
})

async function runOn(holes: Readonly<Record<string, Hole>>): Promise<MatrixReport> {
  wall = await startWall(PROJECT, database.url, { holes })
  const { contracts } = await tryContracts(PROJECT)
  return runMatrix({ url: wall.url, admin: { url: wall.admin, key: ADMIN_KEY }, contracts, roles: {} })
}

describe('with tenants', () => {
  it('every cell is answered as the contracts say, and another tenant`s thing is not there', async () => {
    const { cells, wrong, unasked } = await runOn({})
    process.stderr.write(`the matrix with tenants: ${cells.length} cells\n`)
    expect([wrong, unasked]).toEqual([[], []])
    expect(cells).toEqual(
      expect.arrayContaining([
        'GET /v1/memos/{id} · every scope of a tenant · own',
        'GET /v1/memos/{id} · every scope of a tenant · of another tenant',
        'DELETE /v1/memos/{id} · no scope of a tenant · of another tenant',
        'GET /v1/memos/{id} · every scope',
      ]),
    )
    await wall.close()
  })
})
