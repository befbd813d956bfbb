import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

const QUEUE = 'order-placed'
const connectionOf = (redisUrl) => {
  const { hostname: host, port } = new URL(redisUrl)
  return { host, port: Number(port), maxRetriesPerRequest: null }
}

export async function prepare({ redisUrl }) {
  const redis = new Redis(redisUrl)
  await redis.flushall()
  redis.disconnect()
}

/** Outside the transaction: what is committed is lost where the process ends before Redis has the job. */
export async function openProducer({ redisUrl, transact }) {
  const queue = new Queue(QUEUE, { connection: connectionOf(redisUrl) })
  const options = { removeOnComplete: true }
  return {
    enqueue: async (n) => {
      const committedAt = await transact(n, async () => {})
      await queue.add(QUEUE, { n }, options)
      return committedAt
    },
  }
}

export async function startWorker({ redisUrl, concurrency, deliver }) {
  const worker = new Worker(QUEUE, ({ data }) => deliver(data.n), { connection: connectionOf(redisUrl), concurrency })
  await worker.waitUntilReady()
}
