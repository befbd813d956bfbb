import { expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { changeFiles, readTable } from './change.ts'

const database = testDatabase()

async function query(text: string) {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  await client.query(text)
  await client.end()
}
const contractOf = async (table: string) =>
  changeFiles({ name: 'follow-parcels', table: await readTable(database.url, table) })['contract.ts'] ?? ''

it('writes a schema for each column, with nothing but inserts where the log has no old rows', async () => {
  await query(
    `create table parcels (id uuid primary key, weight_g int, sent_at timestamptz not null, price numeric not null,
       tags text[] not null, gone text);
     alter table parcels drop column gone`,
  )
  const contract = await contractOf('parcels')
  expect(contract).toContain(`    row: z.object({
      id: z.uuid(),
      weightG: z.int().nullable(),
      sentAt: z.iso.datetime(),
      price: z.string(),
      tags: z.unknown(),
    }),`)
  expect(contract).toContain("operations: ['insert'],")
  await query('alter table parcels replica identity full')
  expect(await contractOf('public.parcels')).not.toContain('operations')
})

it('refuses what is no table, or has no primary key', async () => {
  await query('create table heap (n int); create view seen as select 1 as n')
  for (const name of ['nothing', 'seen'])
    await expect(contractOf(name)).rejects.toThrow(
      `the running Ebb's database has no table ${name}; add it by a migration`,
    )
  await expect(contractOf('heap')).rejects.toThrow('heap has no primary key')
})
