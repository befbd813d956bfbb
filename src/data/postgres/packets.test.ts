import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { createPackets } from './packets.ts'

// Before its database is dropped.
afterAll(() => client.end())
const { ownerUrl } = testDatabase()
const client = new pg.Client({ connectionString: ownerUrl })
beforeAll(async () => {
  await client.connect()
  await client.query('create table packed (n int primary key)')
})
beforeEach(() => client.query('begin'))
afterEach(() => client.query('rollback'))

const insert = (n: number) => () => client.query('insert into packed values ($1)', [n])
const readAll = async () => (await client.query('select n from packed order by n')).rows.map(({ n }) => n)

/** Counts the writes to the socket. */
async function countWrites(work: () => Promise<unknown>): Promise<number> {
  const { stream } = client.connection
  let writes = 0
  // What a socket is written to by, of one chunk and of several.
  const [one, several] = [stream._write, stream._writev]
  stream._write = (...given) => {
    writes += 1
    return one.apply(stream, given)
  }
  stream._writev = (...given) => {
    writes += 1
    return several?.apply(stream, given)
  }
  await work().finally(() => Object.assign(stream, { _write: one, _writev: several }))
  return writes
}

describe('the packets of a transaction', () => {
  it('has what nobody waits for in one packet with the next statement, before it', async () => {
    const packets = createPackets(client)
    const sent = await countWrites(async () => {
      packets.defer(insert(1))
      packets.defer(insert(2))
      expect(packets.waiting()).toBe(2)
      await packets.send(insert(3))
    })
    expect([sent, packets.waiting(), await readAll()]).toEqual([1, 0, [1, 2, 3]])
  })

  it('rejects with the first error, not with what came of it', async () => {
    const packets = createPackets(client)
    packets.defer(insert(1))
    packets.defer(() => client.query('select 1 / 0'))
    packets.defer(insert(2))
    await expect(packets.send(insert(3))).rejects.toThrow('division by zero')
    // Its transaction is over, and its connection is not.
    await client.query('rollback')
    expect(await readAll()).toEqual([])
  })

  it('runs the statements of one turn before those of the next, and what waits by the first that sends', async () => {
    const packets = createPackets(client)
    packets.defer(insert(1))
    const turn = packets.inTurn(async ({ send, flush }) => {
      await flush()
      expect(await readAll()).toEqual([1])
      await send(insert(2))
    })
    const next = packets.send(readAll)
    await turn
    expect(await next).toEqual([1, 2])
  })

  it('sends nothing of what is forgotten', async () => {
    const packets = createPackets(client)
    packets.defer(insert(1))
    packets.forget()
    expect(await packets.send(readAll)).toEqual([])
  })
})
