import { once } from 'node:events'
import { afterAll, beforeAll } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { type Metric, type Span, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { testRedis } from '../support/redis.ts'
import { buildOurs, checkoutWithThings } from './build.ts'
import { CALLER_SPAN, REQUESTS } from './requests.ts'
import { type Instrumentation, runFunction } from './run-function.ts'
import { THINGS } from './thing.ts'
import { startUpstream } from './upstream.ts'

/** Lets tests of one file look at both sides: each is observed once, by the first test that asks. */
export function bothSides() {
  const databases = { official: testDatabase(), again: testDatabase(), ours: testDatabase() }
  let checkout: Awaited<ReturnType<typeof checkoutWithThings>> | undefined
  beforeAll(async () => {
    for (const { ownerUrl } of Object.values(databases)) {
      const client = new pg.Client({ connectionString: ownerUrl })
      await client.connect()
      await client.query(THINGS).finally(() => client.end())
    }
  })
  afterAll(() => checkout?.remove())

  const look = async (whose: keyof typeof databases, how: Instrumentation) => {
    const redis = await testRedis()
    await redis.start()
    return observe(how, { databaseUrl: databases[whose].url, redisUrl: redis.url })
  }
  return {
    official: memoize(() => look('official', { how: 'official' })),
    again: memoize(() => look('again', { how: 'official' })),
    ours: memoize(async () => {
      checkout = await checkoutWithThings()
      return look('ours', { how: 'ours', build: buildOurs(checkout.root) })
    }),
  }
}

function memoize(observing: () => Promise<Observation>): () => Promise<Observation> {
  let made: Promise<Observation> | undefined
  return () => {
    made ??= observing()
    return made
  }
}

export interface Observation {
  /** Of the requests, in their order. */
  readonly statuses: readonly number[]
  /** Of the requests' traces, and of others. */
  readonly spans: readonly Span[]
  readonly strays: readonly Span[]
  readonly metrics: readonly Metric[]
  /** The traceparent of every request that the functions made. */
  readonly passedOn: readonly string[]
  readonly exitCodes: readonly (number | null)[]
}

interface Stores {
  readonly databaseUrl: string
  readonly redisUrl: string
}

/** Runs the three functions with this telemetry, sends them all requests, and returns all that they reported. */
async function observe(how: Instrumentation, { databaseUrl, redisUrl }: Stores): Promise<Observation> {
  await using ends = new AsyncDisposableStack()
  const receiver = await startOtlpReceiver()
  ends.defer(receiver.close)
  const upstream = await startUpstream()
  ends.defer(upstream.close)
  const outbox = await listenTo(databaseUrl)
  ends.defer(outbox.close)

  const start = async (name: string) => {
    const stores = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, UPSTREAM_URL: upstream.url }
    // With one connection, which of them a statement takes is no matter of luck.
    const fn = await runFunction({ ...how, name, otlpUrl: receiver.url, env: { ...stores, EBB_POOL_MAX: '1' } })
    ends.defer(fn.kill)
    return fn
  }
  const starting = [start('make-thing'), start('find-thing'), start('note-thing')] as const
  // Where one does not start, the others are there to be ended.
  await Promise.allSettled(starting)
  const [makeThing, findThing, noteThing] = await Promise.all(starting)
  const functions = { 'make-thing': makeThing, 'find-thing': findThing, 'note-thing': noteThing }

  const statuses: number[] = []
  for (const { to, traceId, emits, ...call } of REQUESTS) {
    const notified = emits && outbox.next()
    const headers = { ...call.headers, traceparent: `00-${traceId}-${CALLER_SPAN}-01` }
    const response = await functions[to].call({ ...call, headers })
    await response.arrayBuffer()
    statuses.push(response.status)
    // It is sent after the answer, and the next request shall not meet it.
    await notified
  }
  const hasEnded = (traceId: string) => receiver.spans().some((span) => isServerSpan(traceId, span))
  const allEnded = () => REQUESTS.every(({ traceId }) => hasEnded(traceId))
  await receiver.until(allEnded, { what: 'each request has the span of its server' })
  // What was still to be exported is exported before they end.
  const exitCodes = await Promise.all(Object.values(functions).map((fn) => fn.stop()))
  const asked = new Set(REQUESTS.map(({ traceId }) => traceId))
  const { true: spans = [], false: strays = [] } = Object.groupBy(
    receiver.spans(),
    ({ traceId }) => `${asked.has(traceId)}`,
  )
  return { statuses, spans, strays, metrics: receiver.metrics(), passedOn: upstream.traceparents, exitCodes }
}

const isServerSpan = (traceId: string, span: Span) => span.traceId === traceId && span.parentSpanId === CALLER_SPAN

/** Listens to Postgres as the relay would. */
async function listenTo(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('listen ebb_outbox')
  const signal = () => AbortSignal.timeout(5_000)
  return { next: () => once(client, 'notification', { signal: signal() }), close: () => client.end() }
}
