import { setTimeout as delay } from 'node:timers/promises'
import { quartiles } from '../measure/samples.ts'
import { type Child, startChild } from './child.ts'
import type { ProducerAnswer, ProducerQuestion } from './produce.ts'
import type { Stores } from './queue-module.ts'
import type { SubscriberAnswer, SubscriberQuestion } from './subscriber.ts'

const FOLDER = import.meta.dirname
const CONNECTIONS = 8
/** Numbers of events are apart by this from one producer, or one question, to the next. */
const APART = 10_000_000
const MAX_WAIT_MS = 300_000
const POLL_MS = 20

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** What was asked for and what was committed, in events a second. */
  readonly askedRate: number
  readonly committedRate: number
}

export const startSubscriber = async () => {
  const child = await startChild<SubscriberQuestion, SubscriberAnswer>(`${FOLDER}/subscriber.ts`, [])
  return Object.assign(child, { url: `http://127.0.0.1:${child.ready}/` })
}

export type Subscriber = Awaited<ReturnType<typeof startSubscriber>>

/** Starts so many producers with eight connections each, as one. */
export async function startProducers(file: string, stores: Stores, { count = 2 } = {}) {
  const args = [file, JSON.stringify(stores), String(CONNECTIONS)]
  const stack = new AsyncDisposableStack()
  const producers: Child<ProducerQuestion, ProducerAnswer>[] = []
  for (let place = 0; place < count; place++) {
    producers.push(stack.use(await startChild<ProducerQuestion, ProducerAnswer>(`${FOLDER}/produce.ts`, args)))
  }
  let from = 0
  return {
    /** Commits as many events as it can, or so many a second. */
    async produce(seconds: number, rate?: number): Promise<ProducerAnswer> {
      const answers = await Promise.all(
        producers.map((producer) => {
          from += APART
          return producer.ask({ from, seconds, ...(rate === undefined ? {} : { rate: rate / count }) })
        }),
      )
      return {
        seconds: Math.max(...answers.map((answer) => answer.seconds)),
        commits: answers.flatMap(({ commits }) => commits),
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export type Producers = Awaited<ReturnType<typeof startProducers>>

/** Waits until so many events have come, and takes them. Throws where one came twice or some are lost. */
export async function takeArrivals(subscriber: Subscriber, count: number): Promise<SubscriberAnswer['arrivals']> {
  const giveUpAt = performance.now() + MAX_WAIT_MS
  for (let came = 0; came < count; { count: came } = await subscriber.ask({ do: 'count' })) {
    if (performance.now() > giveUpAt) throw new Error(`${came} of ${count} events came`)
    await delay(POLL_MS)
  }
  const { arrivals, again } = await subscriber.ask({ do: 'take' })
  if (again > 0) throw new Error(`${again} events came more than once`)
  return arrivals
}

/** Events a second, from the first that came to the last. */
export function rateOf(arrivals: SubscriberAnswer['arrivals']): number {
  const times = arrivals.map(([, at]) => at).sort((a, b) => a - b)
  return ((times.length - 1) / ((times.at(-1) ?? 0) - (times[0] ?? 0))) * 1_000
}

/** From the answer to a COMMIT to the start of the subscriber, at this rate, after a second of it to warm up. */
export async function measureLatency(
  producers: Producers,
  subscriber: Subscriber,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Latency> {
  const warmUp = await producers.produce(1, rate)
  await takeArrivals(subscriber, warmUp.commits.length)
  const produced = await producers.produce(seconds, rate)
  const arrivals = new Map(await takeArrivals(subscriber, produced.commits.length))
  const waits = produced.commits.map(([n, at]) => (arrivals.get(n) ?? Number.NaN) - at).sort((a, b) => a - b)
  return {
    p50Ms: quartiles(waits).median,
    p99Ms: waits[Math.floor(waits.length * 0.99)] ?? Number.NaN,
    maxMs: waits.at(-1) ?? Number.NaN,
    askedRate: rate,
    committedRate: produced.commits.length / produced.seconds,
  }
}
