import { randomUUID } from 'node:crypto'
import { untilTrue } from '../support/until.ts'
import type { Database } from './database.ts'
import { run } from './projects.ts'
import { cliOf, type RunningProject } from './running-project.ts'

/** How what is upgraded is reached. */
export type Platform = Omit<RunningProject, 'stop'>

/** What waits while a version goes and another comes. */
export interface Work {
  /** The dead letters that there were before. */
  readonly dead: number
  /** An API key that was made before, for a caller of its own. */
  readonly token: string
  /** Asynchronous calls that were accepted, by the addresses of their states. */
  readonly invocations: readonly string[]
}

const EACH = 10

/** Visits that cannot be noted yet: some are dead letters, some are tried again and again, and some are not even called yet. */
export async function startWork({ url, admin, adminKey }: Platform, database: Database): Promise<Work> {
  const before = await countDead(database)
  await database.execute('update visit_gate set open = false')
  const made = await fetch(new URL('/v1/keys', admin), {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: `upgrade.${randomUUID()}`, scopes: ['visits:write'] }),
  })
  const { token } = (await made.json()) as { readonly token: string }
  const count = (page: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(new URL('/v1/visits', url), {
      method: 'POST',
      headers: { 'x-api-key': token, 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
      body: JSON.stringify({ page }),
    })
  const each = <Value>(make: () => Promise<Value>) => Promise.all(Array.from({ length: EACH }, make))
  await each(() => count('dead'))
  await each(() => count('wait'))
  const accepted = await each(() => count('wait', { prefer: 'respond-async' }))
  const wrong = accepted.find(({ status }) => status !== 202)
  if (wrong) throw new Error(`an asynchronous call was answered ${wrong.status}: ${await wrong.text()}`)
  await untilTrue(async () => (await countDead(database)) === before + EACH, { what: 'dead letters' })
  return { dead: before, token, invocations: accepted.map((response) => response.headers.get('location') ?? '') }
}

/** Lets the visits be noted, redrives the dead letters, and looks whether all is done, once each. */
export async function finishWork(
  { dead, token, invocations }: Work,
  running: Platform,
  project: string,
  database: Database,
) {
  await database.execute('update visit_gate set open = true')
  const admin = ['--admin', running.admin]
  const redrive = [cliOf(project), 'events', 'redrive', '--consumer', 'note-visit', ...admin]
  await run(project, process.execPath, redrive, { EBB_ADMIN_KEY: running.adminKey })
  await untilSettled(database, dead)
  for (const path of invocations) {
    const response = await fetch(new URL(path, running.url), { headers: { 'x-api-key': token } })
    const { state } = Object(await response.json())
    if (state !== 'done' && state !== 'succeeded') throw new Error(`${path} is ${state} (${response.status})`)
  }
}

/** How many dead letters there are. */
export const countDead = async (database: Database): Promise<number> => (await countStates(database)).dead

/** Waits until no delivery and no invocation is open any more, and there are only so many dead letters. */
export async function untilSettled(database: Database, dead = 0): Promise<void> {
  const isSettled = async () => {
    const now = await countStates(database)
    return now.waiting === 0 && now.dead === dead
  }
  await untilTrue(isSettled, { limitMs: 180_000, what: 'the end of all deliveries and calls' }).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await countStates(database))}`)
  })
}

async function countStates(database: Database): Promise<{ readonly waiting: number; readonly dead: number }> {
  const [counts] = await database.rows<{ waiting: number; dead: number }>(`
    select ((select count(*) from ebb.outbox where fanned_out_at is null)
              + (select count(*) from ebb.delivery where state in ('waiting', 'leased'))
              + (select count(*) from ebb.invocation where state in ('waiting', 'leased')))::int as waiting,
           (select count(*) from ebb.delivery where state = 'dead')::int as dead`)
  return counts ?? { waiting: -1, dead: -1 }
}
