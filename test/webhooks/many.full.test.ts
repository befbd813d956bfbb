import { randomUUID } from 'node:crypto'
import net from 'node:net'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { insertWebhook } from '../../src/data/webhooks/webhook.ts'
import { createWebhookSecrets } from '../../src/data/webhooks/webhook-secrets.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../support/until.ts'
import { isGenuine, type Received, startReceiver } from '../support/webhook-receiver.ts'
import { startPlatform, type TestPlatform, WEBHOOK_KEY } from './platform.ts'

/** EVENTS=10000 npm run test:full -- test/webhooks/many */
const EVENTS = Number(inheritedEnv(['EVENTS']).EVENTS ?? 200)
const LIMIT_MS = 60_000 + EVENTS * 150
const [GOOD, FAILING, HANGING] = [30, 10, 5]

let platform: TestPlatform
let receiver: Awaited<ReturnType<typeof startReceiver>>
let hidden: Awaited<ReturnType<typeof startReceiver>>
/** How many requests each path got, and each good path of each message. */
const requests = new Map<string, number>()
const taken = new Map<string, number>()
const secrets = new Map<string, string>()
const connected = new Set<string>()
let forged = 0

const database = testDatabase()
afterAll(async () => {
  await platform.close()
  receiver.close()
  hidden.close()
  net.Socket.prototype.connect = connect
})

// Whatever opens a connection in this process, the relay among it, is seen here before a packet leaves.
const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function record(this: net.Socket, ...args: unknown[]) {
  this.on('connectionAttempt', (address: string, port: number) => void connected.add(`${address}:${port}`))
  // The same arguments, whichever of its forms this was.
  return (connect as (...given: unknown[]) => net.Socket).apply(this, args)
} as typeof connect

const answer = (one: Received) => {
  const { path, headers } = one
  requests.set(path, (requests.get(path) ?? 0) + 1)
  if (path.startsWith('/failing')) return 500
  if (path.startsWith('/hanging')) return 'never'
  if (!isGenuine(one, secrets.get(path) ?? '')) forged++
  const key = `${path} ${headers['webhook-id']}`
  taken.set(key, (taken.get(key) ?? 0) + 1)
  return 204
}

async function make(url: string) {
  const key = createWebhookSecrets(() => [WEBHOOK_KEY])
  const [id, secret] = [randomUUID(), key.make()]
  secrets.set(new URL(url).pathname, secret)
  const made = { id, url, description: null, events: ['order.placed'], perSecond: 1_000, concurrency: 10 }
  const owner = { subject: 'ada', tenant: null, max: 1_000 }
  const client = await platform.pool.connect()
  await insertWebhook(client, { ...made, sealedSecret: key.seal(id, secret) }, owner).finally(() => client.release())
}

beforeAll(async () => {
  receiver = await startReceiver(answer, { keep: false })
  hidden = await startReceiver(undefined, { keep: false })
  const env = { EBB_GUARDED_ALSO: receiver.host, EBB_WEBHOOK_TIMEOUT_MS: '15000' }
  platform = await startPlatform(database.ownerUrl, { env })
  const paths = [
    ...Array.from({ length: GOOD }, (_, i) => `/good-${i}`),
    ...Array.from({ length: FAILING }, (_, i) => `/failing-${i}`),
    ...Array.from({ length: HANGING }, (_, i) => `/hanging-${i}`),
  ]
  for (const path of paths) await make(`http://${receiver.host}${path}`)
  const port = hidden.host.split(':')[1]
  const inside = [`http://${hidden.host}/a`, `https://localhost:${port}/b`, 'https://10.255.255.1/c']
  for (const url of [...inside, 'https://169.254.169.254/d', 'https://[::ffff:127.0.0.1]/e']) await make(url)
})

it(
  `of ${EVENTS} events each good one of 50 webhooks gets each once, signed, whatever becomes of the others`,
  async () => {
    await platform.pool.query(
      `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, hops)
       select gen_random_uuid(), 'order.placed', '/test', jsonb_build_object('by', 'ada', 'n', n),
              '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'c', 'x', 0
       from generate_series(1, $1) as n`,
      [EVENTS],
    )
    const startedAt = performance.now()
    await platform.startRelay()
    await platform.startRelay()
    await untilTrue(() => taken.size >= GOOD * EVENTS, { limitMs: LIMIT_MS, what: 'all of it' })
    const seconds = (performance.now() - startedAt) / 1_000
    await untilTrue(async () => {
      const { rows } = await platform.pool.query<{ done: string }>(
        `select count(*) as done from ebb.webhook_delivery where state = 'done'`,
      )
      return Number(rows[0]?.done) === GOOD * EVENTS
    })
    const failed = [...requests].filter(([path]) => !path.startsWith('/good'))
    const others = failed.reduce((sum, [, count]) => sum + count, 0)
    process.stderr.write(
      `${taken.size} messages in ${seconds.toFixed(1)} s, ${Math.round(taken.size / seconds)}/s; ${others} requests to those that fail or hang; ${[...taken.values()].filter((count) => count > 1).length} given up and repeated\n`,
    )
    expect([taken.size, forged]).toEqual([GOOD * EVENTS, 0])
    // Once, or where a machine was so busy that an attempt was given up, as often as there were attempts.
    const again = await platform.pool.query<{ url: string; message_id: string; attempts: number }>(
      `select url, message_id, jsonb_array_length(history) as attempts
       from ebb.webhook_delivery join ebb.webhook on id = webhook_id
       where webhook_delivery.state = 'done' and jsonb_array_length(history) > 1`,
    )
    const repeated = again.rows.map((row) => [`${new URL(row.url).pathname} ${row.message_id}`, row.attempts])
    expect([...taken].filter(([, count]) => count > 1).sort()).toEqual(repeated.sort())
    // Those that fail were tried, and then left alone.
    expect(failed.length).toBe(FAILING + HANGING)
    expect(hidden.connections()).toBe(0)
    const { port: databasePort } = new URL(database.ownerUrl)
    const allowed = [receiver.host, `127.0.0.1:${databasePort}`]
    expect([...connected].sort()).toEqual(allowed.sort())
    const { rows } = await platform.pool.query(
      `select distinct attempt ->> 'error' as error
       from ebb.webhook_delivery join ebb.webhook on id = webhook_id cross join jsonb_array_elements(history) as attempt
       where url not like $1`,
      [`http://${receiver.host}/%`],
    )
    expect(rows).toEqual([{ error: 'unreachable' }])
  },
  LIMIT_MS + 60_000,
)
