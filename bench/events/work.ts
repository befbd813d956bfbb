/** A worker of a peer: hands each job to the subscriber over HTTP, as Ebb's relay does with an event. */
import { Agent } from 'undici'
import { answerParent } from './child.ts'
import type { QueueModule, Stores } from './queue-module.ts'

const [file = '', stores = '{}', subscriberUrl = '', concurrency = '1'] = process.argv.slice(2)
// Whatever the file is, it exports what the interface says.
const { startWorker } = (await import(file)) as QueueModule
const agent = new Agent()
const { origin, pathname: path } = new URL(subscriberUrl)
const headers = { 'content-type': 'application/json' }

const deliver = async (n: number) => {
  const { statusCode, body } = await agent.request({
    origin,
    path,
    method: 'POST',
    headers,
    body: JSON.stringify({ n }),
  })
  await body.dump()
  if (statusCode !== 204) throw new Error(`the subscriber answered ${statusCode}`)
}

await startWorker?.({ ...(JSON.parse(stores) as Stores), concurrency: Number(concurrency), deliver })
answerParent('ready', () => {})
