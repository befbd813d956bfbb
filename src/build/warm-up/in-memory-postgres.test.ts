import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import pg from 'pg'
import * as z from 'zod'
import { postgres } from '../../data/index.ts'
import { createPool } from '../../data/postgres/pool.ts'
import { transact } from '../../data/postgres/transaction.ts'
import { collectLog, configOf, testBindContext } from '../../data/test-support.ts'
import { toCamelCase } from '../../data/values/read-rows.ts'
import { startInMemoryPostgres } from './in-memory-postgres.ts'
import { sampleColumns } from './sample-columns.ts'

const Thing = z.object({
  id: z.uuid(),
  name: z.string().meta({ example: 'Lamp' }),
  unitPrice: z.object({ amount: z.int() }),
  weight: z.number().meta({ example: 1.5 }),
  count: z.int(),
  large: z.int().meta({ example: 2 ** 40 }),
  isNew: z.boolean(),
  gone: z.null(),
  tags: z.array(z.string()),
  createdAt: z.iso.datetime(),
})
const contract = endpoint({
  ...{ name: 'list-things', summary: 'Things.', method: 'GET', path: '/v1/things', access: { owner: true } },
  reply: { status: 200, body: z.object({ items: z.array(Thing), next: z.string().meta({ example: 'x' }) }) },
})
const columns = sampleColumns(contract, { owner: 'ada' })

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
async function start() {
  const server = await startInMemoryPostgres(columns)
  closers.push(async () => server[Symbol.asyncDispose]())
  return server.url
}
async function open(url: string | undefined = undefined) {
  const pool = createPool(url ?? (await start()), { log: collectLog().log })
  closers.push(() => pool.end())
  return pool
}

describe('an in-memory Postgres', () => {
  it('gives the driver one row that fits the contract, and says who owns it', async () => {
    const { rows } = await (await open()).query('select * from things where id = $1', [randomUUID()])
    expect(rows).toHaveLength(1)
    const row = toCamelCase<{ owner: string }>(rows[0])
    expect(Thing.parse(row)).toEqual(Thing.parse({ ...row, unitPrice: { ...rows[0].unit_price } }))
    expect(row.owner).toBe('ada')
  })

  it('gives as many rows as a page asks for, and the columns that are named', async () => {
    const pool = await open()
    const { rows, fields } = await pool.query(
      'select name, unit_price as price, count(*)::int as n from t limit $1',
      [3],
    )
    expect([rows.length, fields.map(({ name }) => name)]).toEqual([3, ['name', 'price', 'n']])
    expect(rows[0]).toEqual({ name: 'Lamp', price: '1', n: 1 })
  })

  it('runs several statements of a text, and reports how each ended', async () => {
    const client = await (await open()).connect()
    // pg returns a list for a text of several statements, which its types leave out.
    const results = (await client.query("begin; set local x = ';'; select 1")) as unknown as pg.QueryResult[]
    expect(results.map(({ command }) => command)).toEqual(['BEGIN', 'SET', 'SELECT'])
    expect(client.getTransactionStatus()).toBe('T')
    expect((await client.query('commit')).command).toBe('COMMIT')
    expect(client.getTransactionStatus()).toBe('I')
    client.release()
  })

  it('takes in a whole unit of work', async () => {
    const resource = postgres.open(configOf({ DATABASE_URL: await start() }), collectLog().log)
    closers.push(async () => postgres.close?.(resource))
    await postgres.ready?.(resource)
    const claim = { caller: 'ada', route: 'r', key: 'k', fingerprint: Buffer.from('f') }
    const done = await transact(
      resource,
      { readOnly: false, repeatable: false, signal: testBindContext().signal, timeoutMs: 1_000 },
      async (sql, _end, unit) => {
        if (!unit) throw new Error('no unit of work')
        expect(await unit.claim(claim)).toEqual({ status: 'new' })
        expect(await unit.recordInInbox({ consumer: 'hear-thing', source: '/s', id: '1' })).toBeUndefined()
        const thing = await sql.one`
        with made as (insert into things (id) values (${randomUUID()}) returning *)
        insert into more select * from made returning *`
        await unit.rollbackToClaim()
        await unit.append([
          { id: randomUUID(), type: 't', source: '/s', data: {}, callerId: 'ada', hops: 0, ...testBindContext() },
        ])
        await unit.complete(claim, { status: 201, headers: {}, body: Buffer.from('{}') })
        return thing
      },
    )
    expect(done).toMatchObject({ name: 'Lamp', owner: 'ada' })
  })

  it('proves by SCRAM-SHA-256 that it knows the password, and has no TLS', async () => {
    const url = new URL(await start())
    url.password = 'another'
    await expect((await open(url.href)).query('select 1')).rejects.toThrow('server signature does not match')
    const client = new pg.Client({ connectionString: url.href, ssl: true })
    await expect(client.connect()).rejects.toThrow('does not support SSL')
  })
})
