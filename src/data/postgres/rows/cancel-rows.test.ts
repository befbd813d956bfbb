import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import type pg from 'pg'
import { startTcpProxy, throughProxy } from '../../../../test/support/tcp-proxy.ts'
import { collectLog } from '../../test-support.ts'
import { createPool } from '../pool.ts'
import { createReadOnlySql } from '../read-only.ts'
import { createRunStatement } from '../run-statement.ts'
import { withConnection } from '../with-connection.ts'

/** How a client asks for a cancel (PostgreSQL protocol, CancelRequest): the length, and the code. */
const CANCEL_REQUEST = '0000001004d2162e'

const { url } = testDatabase()
const { log } = collectLog()
let proxy: Awaited<ReturnType<typeof startTcpProxy>>
let pool: pg.Pool

beforeAll(async () => {
  proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
  pool = createPool(throughProxy(url, proxy), { max: 1, log })
})
afterAll(async () => {
  await pool.end()
  await proxy.close()
})

const cancels = () => proxy.firstWords.filter((word) => word.toString('hex').startsWith(CANCEL_REQUEST)).length

/** Takes one row of very many, and leaves the rest. */
async function takeOne(leave: (controller: AbortController) => void) {
  const controller = new AbortController()
  const { sql } = createReadOnlySql({ pool, run: createRunStatement(), log } as never, { signal: controller.signal })
  for await (const _ of sql.stream`select one.oid from pg_class as one, pg_class as two, pg_class as three`) {
    leave(controller)
    break
  }
}

it.each([
  ['its caller has gone', (controller: AbortController) => controller.abort(new Error('gone'))],
  ['its handler breaks off', () => {}],
])(
  'asks the server once to cancel the rest where %s, and the next user of the connection is not hit',
  async (_, leave) => {
    for (let i = 0; i < 5; i++) {
      const before = cancels()
      await takeOne(leave).catch((error: Error) => expect(error.message).toBe('gone'))
      const next = { signal: new AbortController().signal }
      await withConnection({ pool }, next, ({ client }) => client.query('select pg_sleep(0.005)'))
      expect(cancels() - before).toBe(1)
    }
  },
)
