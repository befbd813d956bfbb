import { once } from 'node:events'
import { createLog, parseConfig } from 'ebb/kernel'
import pg from 'pg'
import { openListener } from '../../../src/data/postgres/listener.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { postgres } from '../../../src/data/postgres/postgres.ts'
import { queryWithTimeout } from '../../../src/data/postgres/with-connection.ts'
import { throughProxy } from '../../support/tcp-proxy.ts'
import { type Socket, targetOf } from './recovery.ts'

const DEADLINE_MS = 2_000
const CONNECTIONS = 5
const log = createLog({ level: 'silent' })

/** As many uses at once as there are connections, so that each of them is used. */
const all = (use: () => Promise<unknown>) => Promise.all(Array.from({ length: CONNECTIONS }, use))

/** All connections to Postgres: of functions, gateway and relay, with the limits that those give them. */
export function postgresSockets(url: string): Socket[] {
  const target = targetOf(url)
  const poolOf = (port: number, statementTimeoutMs: number) =>
    createPool(throughProxy(url, { port }), { max: CONNECTIONS, statementTimeoutMs, log })
  return [
    {
      ...{ name: "Postgres: a function's transactions, 2 s each", target, limitMs: DEADLINE_MS + 2_000 },
      open: (port) => {
        const env = { DATABASE_URL: throughProxy(url, { port }), EBB_POOL_MAX: `${CONNECTIONS}` }
        const opened = postgres.open(parseConfig(env), log)
        const transaction = () =>
          postgres.transaction?.run(
            opened,
            {
              ...{ readOnly: false, repeatable: false, timeoutMs: DEADLINE_MS },
              signal: AbortSignal.timeout(DEADLINE_MS),
            },
            (sql) => sql`select 1`,
          ) ?? Promise.reject(new Error('Postgres has transactions'))
        return { use: () => all(transaction), close: () => postgres.close?.(opened) }
      },
    },
    {
      ...{ name: "Postgres: the gateway's looks", target, limitMs: DEADLINE_MS },
      open: (port) => {
        const pool = poolOf(port, 15_000)
        const look = () => queryWithTimeout(pool, DEADLINE_MS, (client) => client.query('select 1'))
        return { use: () => all(look), close: () => pool.end() }
      },
    },
    {
      ...{ name: "Postgres: the relay's statements", target, limitMs: 10_000 },
      open: (port) => {
        const pool = poolOf(port, 10_000)
        return { use: () => all(() => pool.query('select 1')), close: () => pool.end() }
      },
    },
    {
      ...{ name: 'Postgres: the channel (LISTEN)', target, limitMs: DEADLINE_MS },
      open: async (port) => {
        const heard = new EventTarget()
        const onNotify = () => void heard.dispatchEvent(new Event('heard'))
        const channel = openListener(throughProxy(url, { port }), ['weather'], { onNotify, log })
        const direct = new pg.Client({ connectionString: url })
        await direct.connect()
        const use = async () => {
          const hears = once(heard, 'heard', { signal: AbortSignal.timeout(DEADLINE_MS) })
          await Promise.all([hears, direct.query('notify weather')])
        }
        return { use, close: () => Promise.all([channel.close(), direct.end()]) }
      },
    },
  ]
}
