import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../support/checkout.ts'
import { readMails, startEbb, type TestEbb } from '../support/ebb.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { untilTrue } from '../support/until.ts'

const USERS = 150
const WORKERS = 10
const KILLS_EACH = 3

const HANDLER = 'functions/create-user/handler.ts'

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  // A handler that takes its time, so that a process is killed in the middle of a request.
  const handler = await readFile(join(TEST_PROJECT, HANDLER), 'utf8')
  checkout = await copyCheckout({
    [HANDLER]: handler.replace(
      "  await emit('user.created'",
      "  await sql`select pg_sleep(0.1)`\n  await emit('user.created'",
    ),
  })
  // A lease lasts for start, timeout and 10 s: short ones, so that the events of a killed relay come back soon.
  ebb = await startEbb({
    root: checkout.root,
    dataDir: join(checkout.root, '.ebb'),
    env: { EBB_START_TIMEOUT_MS: '3000', EBB_IDLE_MS: '30000' },
  })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

/** The pid of the newest process of a part or function. */
const pidOf = (name: string) =>
  ebb.events.findLast(
    ({ event, part, function: fn }) => (event === 'start' && part === name) || (event === 'spawn' && fn === name),
  )?.pid

const badStatuses: number[] = []

/** Sends one request with one key until it is acknowledged, as a careful client would; returns the address of the user. */
async function createUntilAcknowledged(email: string): Promise<string> {
  for (;;) {
    const response = await ebb.createUser(email).catch(() => undefined)
    if (response?.status === 201) return response.headers.get('location') ?? ''
    if (response && response.status !== 409) badStatuses.push(response.status)
    await delay(100)
  }
}

describe('with functions, relay and Postgres killed again and again', () => {
  it('no acknowledged user is missing, and each is mailed exactly once', async () => {
    const emails = Array.from({ length: USERS }, (_, i) => `user-${i}@example.com`)
    const waiting = [...emails]
    const locations = new Map<string, string>()
    const workers = Array.from({ length: WORKERS }, async () => {
      for (let email = waiting.shift(); email; email = waiting.shift())
        locations.set(email, await createUntilAcknowledged(email))
    })
    for (let round = 0; round < KILLS_EACH; round++) {
      for (const name of ['create-user', 'relay', 'send-welcome-email', 'postgres']) {
        const before = locations.size
        await untilTrue(() => locations.size >= Math.min(before + 5, USERS), {
          what: 'five more users',
        })
        await untilTrue(() => pidOf(name) !== undefined, { what: `${name} runs` })
        // It may have ended by itself, its database gone.
        try {
          process.kill(Number(pidOf(name)), 'SIGKILL')
        } catch {}
      }
    }
    await Promise.all(workers)
    expect(badStatuses.length).toBeGreaterThan(0)
    expect(new Set(badStatuses.filter((status) => ![502, 503].includes(status)))).toEqual(new Set())

    const mailed = async () =>
      [...(await readMails(ebb.folder)).values()].map((mail) => /^To: (.*)$/m.exec(mail)?.[1]?.trim())
    await untilTrue(async () => (await unsettled()).length === 0, {
      what: 'the end of every delivery',
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify((await unsettled()).slice(0, 5))}`)
    })
    expect((await mailed()).sort()).toEqual([...emails].sort())
    for (const location of locations.values()) expect((await ebb.call('GET', location)).status).toBe(200)
  }, 240_000)
})

interface Listed {
  readonly id: string
  readonly deliveries: readonly { readonly state: string }[]
}

/** The events that are not delivered yet, or why that is not known. */
async function unsettled(): Promise<readonly unknown[]> {
  const headers = { authorization: `Bearer ${ebb.ready.adminKey}` }
  const response = await fetch(new URL('/v1/events?limit=500&type=user.created', ebb.ready.admin), { headers })
  if (!response.ok) return [await response.text()]
  const { events } = (await response.json()) as { events: readonly Listed[] }
  if (events.length !== USERS) return [`${events.length} events instead of ${USERS}`]
  return events.filter(({ deliveries }) => deliveries.length !== 1 || deliveries[0]?.state !== 'done')
}
