import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { buildOurs, checkoutWithThings } from '../oracle/build.ts'
import { type Call, type RunningFunction, type RunOptions, runFunction } from '../oracle/run-function.ts'
import { THINGS } from '../oracle/thing.ts'
import { type Behaviour, type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'

/** A thing that is there. */
export const LAMP = '5f0f5ba4-45b9-4d4c-9c5e-3b7f6a1c0d01'

/** Reads it, and calls a server that is not there. */
export const FIND: Call = { method: 'GET', path: `/v1/things/${LAMP}?parts=none` }

type StartOptions = Pick<RunOptions, 'keys'> & {
  readonly receiver: OtlpReceiver
  readonly env?: Readonly<Record<string, string>>
}

/** Lets the tests of one file run the functions of test/oracle in their images' layout; all of them end with each test. */
export function things() {
  const database = testDatabase()
  let checkout: Awaited<ReturnType<typeof checkoutWithThings>>
  let build: ReturnType<typeof buildOurs>
  const running: RunningFunction[] = []
  const receivers: OtlpReceiver[] = []
  beforeAll(async () => {
    checkout = await checkoutWithThings()
    build = buildOurs(checkout.root)
    const client = new pg.Client({ connectionString: database.ownerUrl })
    await client.connect()
    await client.query(`${THINGS}; insert into things values ('${LAMP}', 'lamp', 'ada')`).finally(() => client.end())
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((fn) => fn.kill()))
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()))
  })
  afterAll(() => checkout?.remove())

  return {
    /** Its owner's. */
    databaseUrl: database.ownerUrl,
    root: () => checkout.root,
    receive: async (behaviour: Behaviour = 'well') => {
      const receiver = await startOtlpReceiver({ behaviour })
      receivers.push(receiver)
      return receiver
    },
    start: async (name: string, { receiver, env = {}, ...keys }: StartOptions) => {
      const settings = { DATABASE_URL: database.url, UPSTREAM_URL: 'http://127.0.0.1:1', ...env }
      const fn = await runFunction({ how: 'ours', build, name, otlpUrl: receiver.url, env: settings, ...keys })
      running.push(fn)
      return fn
    },
  }
}

/** Sends a request so many times at once; its statuses. */
export async function statusesOf(fn: RunningFunction, call: Call, times = 1): Promise<readonly number[]> {
  const ask = async () => {
    const response = await fn.call(call)
    await response.arrayBuffer()
    return response.status
  }
  return Promise.all(Array.from({ length: times }, ask))
}
