import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach } from '@jest/globals'
import { createLog, inheritedEnv } from 'ebb/kernel'
import { appendEvents } from '../../../src/data/outbox.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { leaseDeliveries } from '../../../src/data/queue/deliveries.ts'
import { fanOut } from '../../../src/data/queue/fan-out.ts'
import { settleDeliveries } from '../../../src/data/queue/settle-deliveries.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, ADMIN_KEY, gatewaySettings, startTestGateway } from '../test-support.ts'

const CONTRACTS = `
  exports.routes = []
  exports.subscriptions = [{ name: 'send-welcome', on: 'user.created' }]
  exports.validate = () => ({ ok: true, input: {} })
  exports.validateEvent = (consumer, data) => typeof data.name === 'string' ? { ok: true, data }
    : { ok: false, issues: [{ path: 'data.name', message: 'Missing' }] }`

/** A database with dead letters, gateways in front of it, and the commands that ask them. */
export function testDeadLetters() {
  // Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
  afterAll(() => pool.end())
  const database = testDatabase()
  const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
  beforeEach(() => pool.query('truncate ebb.outbox, ebb.delivery, ebb.attempt'))

  const start = async (settings: Readonly<Record<string, string>> = {}) => {
    const { env } = await gatewaySettings(database.url, (_request, response) => void response.end())
    await writeFile(env.EBB_CONTRACTS.replace(/contracts$/, 'contracts-1.cjs'), CONTRACTS)
    const { admin, url } = await startTestGateway({ ...env, ...settings })
    const post = (body: unknown, headers: Record<string, string> = ADMIN) =>
      fetch(`${admin}/v1/events/redrive`, {
        ...{ method: 'POST', body: JSON.stringify(body) },
        headers: { 'content-type': 'application/json', ...headers },
      })
    const ebb = async (...args: readonly string[]) => {
      const child = spawn(process.execPath, ['src/cli.ts', 'events', ...args, '--admin', admin], {
        env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), EBB_ADMIN_KEY: ADMIN_KEY },
      })
      const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
      return { out, err, code }
    }
    return { admin, url, post, ebb }
  }

  /** A dead letter for each payload. */
  const bury = async (consumer: string, payloads: readonly object[]): Promise<readonly string[]> => {
    const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`
    const common = {
      type: 'user.created',
      version: 1,
      source: '/test',
      traceparent: '00-a-b-01',
      correlationId: 'c',
      callerId: 'ann',
      hops: 0,
    }
    const client = await pool.connect()
    await appendEvents(
      client,
      payloads.map((data, n) => ({ ...common, id: id(n), data })),
    )
    client.release()
    await fanOut(pool, [{ name: consumer, on: 'user.created' }])
    const leased = await leaseDeliveries(pool, consumer, { limit: 100, leaseMs: 60_000 })
    await settleDeliveries(
      pool,
      leased.map((delivery) => ({ delivery, settlement: { state: 'dead', status: 500, durationMs: 1 } })),
    )
    return payloads.map((_, n) => id(n))
  }

  const statesOf = async () => {
    const { rows } = await pool.query('select state from ebb.delivery order by event_id')
    return rows.map(({ state }) => state)
  }
  return { pool, start, bury, statesOf }
}
