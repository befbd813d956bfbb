/** Ours: events in the outbox, in the transaction of a handler's resource, and the relay's own process. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import type { Subscription } from '../../src/contract/index.ts'
import { postgres } from '../../src/data/postgres/postgres.ts'
import { createLog, type OutgoingEvent, parseConfig } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { type Process, startProcess } from '../gateway/start-process.ts'
import { findFreePort } from '../measure/prepare-start.ts'
import { nowMs, type Producer, type Stores } from './queue-module.ts'

const TYPE = 'order.placed'
const TIMEOUT_MS = 10_000

export async function prepare({ databaseUrl }: Stores): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('truncate ebb.outbox, ebb.delivery, ebb.attempt cascade').finally(() => client.end())
}

export async function openProducer({ databaseUrl }: Stores): Promise<Producer> {
  const log = createLog({ level: 'error' })
  const opened = postgres.open(parseConfig({ DATABASE_URL: databaseUrl, EBB_POOL_MAX: '8' }), log)
  const { transaction } = postgres
  if (!transaction) throw new Error('postgres has transactions')
  const options = { readOnly: false, repeatable: false, timeoutMs: TIMEOUT_MS }
  return {
    enqueue: async (n) => {
      const limits = { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }
      await transaction.run(opened, limits, async (sql, _end, unit) => {
        await sql`insert into own_row (n) values (${n})`
        await unit?.append([eventOf(n)])
      })
      return nowMs()
    },
  }
}

const eventOf = (n: number): OutgoingEvent => ({
  ...{ id: randomUUID(), type: TYPE, source: '/functions/place-order', data: { n } },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ...{ correlationId: 'bench', callerId: 'bench', hops: 0 },
})

export interface RelayOptions {
  readonly databaseUrl: string
  /** Its path is each subscriber's name. */
  readonly subscriberUrl: string
  /** Where files of the relay's may be. */
  readonly folder: string
  readonly relays?: number
  /** Default: one, of the events that are produced. */
  readonly subscriptions?: readonly Subscription[]
}

/** Starts relays as their image does, without a collector; their logs go nowhere. */
export async function startRelays({
  databaseUrl,
  subscriberUrl,
  folder,
  relays = 1,
  subscriptions = [subscription('subscriber-0')],
}: RelayOptions): Promise<AsyncDisposable> {
  const bundle = `exports.routes = []; exports.validate = exports.validateEvent = () => {}; exports.subscriptions = ${JSON.stringify(subscriptions)}`
  await writeFile(join(folder, 'contracts-1.cjs'), bundle)
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const { relay: key } = await generateIdentityKeys()
  const env = {
    ...{ DATABASE_URL: databaseUrl, EBB_CONTRACTS: join(folder, 'contracts'), EBB_IDENTITY_KEY: JSON.stringify(key) },
    ...{
      EBB_UPSTREAM_TEMPLATE: new URL('/{name}', subscriberUrl).href.replaceAll(/%7[BD]/g, decodeURI),
      EBB_HOST: '127.0.0.1',
    },
  }
  const stack = new AsyncDisposableStack()
  for (let count = 0; count < relays; count++) {
    const port = await findFreePort()
    const command = [process.execPath, resolve('services/relay/index.ts')]
    stack.use<Process>(await startProcess(command, { port, env: { ...env, EBB_ADMIN_PORT: `${port}` } }))
  }
  return stack
}

export const subscription = (name: string, { on = TYPE, timeoutMs = TIMEOUT_MS } = {}): Subscription => ({
  ...{ kind: 'subscriber', name, summary: 'Notes when an event came.', on, timeoutMs },
  retry: { attempts: 3, minDelayMs: 1_000, maxDelayMs: 10_000 },
  scale: { max: 2, concurrency: 50 },
  ...{ secrets: [], emits: [] },
})
