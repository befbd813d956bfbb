/**
 * node bench/hot-row/run.ts [seconds]
 *
 * What becomes of transactions that all change one row, when more of them come than it can take: twelve instances with a
 * pool of five connections each, transactions of 2 s at most that hold the row for 5 ms. First as many as 20 callers
 * who wait can do, which is the capacity; then 0.5, 1, 2 and 5 times that, in even steps, for so many seconds (8) each.
 * Prints what was done a second, its ratio to the capacity, its p99, what was refused and what ran out of time.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createLog, parseConfig } from 'ebb/kernel'
import pg from 'pg'
import { postgres } from '../../src/data/postgres/postgres.ts'
import { startDatabase } from '../measure/start-database.ts'

const seconds = Number(process.argv[2] ?? 8)
const [INSTANCES, CONNECTIONS, TIMEOUT_MS, CALLERS] = [12, 5, 2_000, 20]

await using database = await startDatabase()
const admin = new pg.Client({ connectionString: database.url })
await admin.connect()
await admin.query('create table hot (n int); insert into hot values (0)')
await admin.end()

const config = parseConfig({ DATABASE_URL: database.url, EBB_POOL_MAX: `${CONNECTIONS}` })
const instances = Array.from({ length: INSTANCES }, () => postgres.open(config, createLog({ level: 'silent' })))

interface TransactionResult {
  readonly outcome: 'done' | 'refused' | 'late'
  readonly ms: number
}

let next = 0
async function once(): Promise<TransactionResult> {
  const began = performance.now()
  const ms = () => performance.now() - began
  const opened = instances[next++ % INSTANCES]
  if (!opened || !postgres.transaction) throw new Error('an instance is missing')
  const options = { readOnly: false, repeatable: false, timeoutMs: TIMEOUT_MS }
  try {
    await postgres.transaction.run(opened, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }, async (sql) => {
      await sql`update hot set n = n + 1`
      await sql`select pg_sleep(0.005)`
    })
    return { outcome: 'done', ms: ms() }
  } catch (error) {
    return { outcome: (Object(error) as { code?: unknown }).code === 'unavailable' ? 'refused' : 'late', ms: ms() }
  }
}

async function capacity(): Promise<number> {
  const endAt = performance.now() + seconds * 1_000
  let count = 0
  const caller = async () => {
    for (; performance.now() < endAt; count++) await once()
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  return count / seconds
}

async function offer(rate: number): Promise<readonly TransactionResult[]> {
  const began = performance.now()
  const all: Promise<TransactionResult>[] = []
  while (performance.now() - began < seconds * 1_000) {
    while (all.length < ((performance.now() - began) / 1_000) * rate) all.push(once())
    await delay(1)
  }
  return Promise.all(all)
}

const most = await capacity()
const rows = []
for (const factor of [0.5, 1, 2, 5]) {
  const all = await offer(most * factor)
  const done = all.filter(({ outcome }) => outcome === 'done').map(({ ms }) => ms)
  const count = (outcome: TransactionResult['outcome']) => all.filter((one) => one.outcome === outcome).length
  rows.push({
    '× capacity': factor,
    'offered/s': Math.round(most * factor),
    'done/s': (done.length / seconds).toFixed(1),
    'of the capacity': (done.length / seconds / most).toFixed(2),
    'p99 ms': Math.round(done.sort((a, b) => a - b)[Math.floor(done.length * 0.99)] ?? 0),
    refused: count('refused'),
    late: count('late'),
  })
}
await Promise.all(instances.map((opened) => postgres.close?.(opened)))
console.log(`capacity: ${most.toFixed(0)} transactions a second`)
console.table(rows)
