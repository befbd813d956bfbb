import { PgBoss } from 'pg-boss'

const QUEUE = 'order-placed'
const open = (databaseUrl, options) =>
  new PgBoss({ connectionString: databaseUrl, ...options }).on('error', console.error)

export async function prepare({ databaseUrl }) {
  const boss = open(databaseUrl, { supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue(QUEUE, { notify: true, partition: true })
  await boss.deleteAllJobs(QUEUE)
  await boss.stop({ graceful: false })
}

export async function openProducer({ databaseUrl, transact }) {
  const boss = open(databaseUrl, { supervise: false, schedule: false, migrate: false })
  await boss.start()
  const send = (client, n) =>
    boss.send(QUEUE, { n }, { db: { executeSql: (text, values) => client.query(text, values) } })
  return { enqueue: (n) => transact(n, (client) => send(client, n)) }
}

export async function startWorker({ databaseUrl, concurrency, deliver }) {
  const boss = open(databaseUrl, { useListenNotify: true, migrate: false })
  await boss.start()
  const options = {
    ...{ batchSize: concurrency / 4, localConcurrency: 4, burstWhenBatchFull: true, perJobResults: true },
    ...{ pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 1 },
  }
  const settle = async ({ id, data }) => {
    await deliver(data.n)
    return { id, status: 'completed' }
  }
  await boss.work(QUEUE, options, (jobs) => Promise.all(jobs.map(settle)))
}
