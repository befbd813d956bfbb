import { Logger, run, runMigrations } from 'graphile-worker'
import pg from 'pg'

const TASK = 'order-placed'
const logger = new Logger(() => (level, message) => level === 'error' && console.error(message))

export async function prepare({ databaseUrl }) {
  await runMigrations({ connectionString: databaseUrl, logger })
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('truncate graphile_worker._private_jobs').finally(() => client.end())
}

export async function openProducer({ transact }) {
  const add = (client, n) => client.query('select graphile_worker.add_job($1, $2)', [TASK, JSON.stringify({ n })])
  return { enqueue: (n) => transact(n, (client) => add(client, n)) }
}

/** With the batching that its documentation recommends for many short jobs. */
export async function startWorker({ databaseUrl, concurrency, deliver }) {
  const preset = {
    worker: {
      ...{ connectionString: databaseUrl, concurrentJobs: concurrency, pollInterval: 1_000 },
      ...{ localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    },
  }
  await run({ preset, logger, taskList: { [TASK]: ({ n }) => deliver(n) }, noHandleSignals: true })
}
