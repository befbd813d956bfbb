/** A producer: commits transactions with an event of the subject whose file the first argument names. */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { answerParent } from './child.ts'
import { nowMs, OWN_ROW, type QueueModule, type Stores, type Transact } from './queue-module.ts'

export interface ProducerQuestion {
  /** The number of the first event; the others follow it. */
  readonly from: number
  readonly seconds: number
  /** Events a second, in even steps, whether or not those before are committed. Default: as many as are committed. */
  readonly rate?: number
}

export interface ProducerAnswer {
  readonly seconds: number
  /** Number and time of each event, when its COMMIT was answered. */
  readonly commits: readonly (readonly [n: number, atMs: number])[]
}

const [file = '', stores = '{}', connections = '8'] = process.argv.slice(2)
// Written by run.ts and history.ts.
const { databaseUrl, redisUrl } = JSON.parse(stores) as Stores
const pool = new pg.Pool({ connectionString: databaseUrl, max: Number(connections) })

const transact: Transact = async (n, work) => {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(OWN_ROW, [n])
    await work(client)
    await client.query('commit')
    return nowMs()
  } finally {
    client.release()
  }
}

// Whatever the file is, it exports what the interface says.
const { openProducer } = (await import(file)) as QueueModule
const { enqueue } = await openProducer({ databaseUrl, redisUrl, transact })

async function produce({ from, seconds, rate }: ProducerQuestion): Promise<ProducerAnswer> {
  const commits: [number, number][] = []
  let next = from
  const enqueueNext = async () => {
    const n = next++
    commits.push([n, await enqueue(n)])
  }
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1_000
  if (rate === undefined) {
    const connection = async () => {
      while (elapsed() < seconds) await enqueueNext()
    }
    await Promise.all(Array.from({ length: Number(connections) }, connection))
  } else {
    const all: Promise<void>[] = []
    for (; elapsed() < seconds; await delay(1)) while (next - from < elapsed() * rate) all.push(enqueueNext())
    await Promise.all(all)
  }
  return { seconds: elapsed(), commits }
}

answerParent<ProducerQuestion>('ready', produce)
