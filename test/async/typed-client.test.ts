import { afterEach, beforeAll, expect, it } from '@jest/globals'
import { createClient } from 'ebb/client'
import { testDatabase } from 'ebb/testing'
import { closeAfterAll, NOTES, startPlatform, type TestPlatform, takeNote } from './platform.ts'

let platform: TestPlatform
closeAfterAll(() => platform)
const database = testDatabase()
const connect = (key: string) => createClient({ takeNote }, { baseUrl: platform.url, key })
let ann: ReturnType<typeof connect>
beforeAll(async () => {
  platform = await startPlatform(database.ownerUrl)
  await platform.pool.query(NOTES)
  ann = connect(await platform.keyOf('ann'))
})

const relays: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop()
})
const startRelay = async () => void relays.push(await platform.startRelay())

/** Starts a call that is accepted. */
async function start(body: Parameters<typeof ann.takeNote>[0]['body'], client = ann) {
  const started = await client.takeNote.async({ body })
  if (!started.ok) throw new Error(started.message)
  return started.invocation
}

it('resolves to what the call itself would have been, and tells each state until then', async () => {
  const invocation = await start({ text: 'later' })
  await startRelay()
  const states: string[] = []
  for await (const { id, state } of invocation.events()) states.push(`${id === invocation.id} ${state}`)
  expect(states.at(-1)).toBe('true done')
  const result = await invocation.done()
  expect(result).toMatchObject({ ok: true, status: 201, data: { text: 'later', by: 'ann' } })
  // Typed by the contract.
  if (result.ok) expect(result.data.by satisfies string).toBe('ann')
})

it('a failure that the contract declares is one, and its code is known to the compiler', async () => {
  const invocation = await start({ text: 'x', mode: 'refuse' })
  await startRelay()
  const result = await invocation.done()
  expect(result).toMatchObject({ ok: false, error: 'too_long', status: 409 })
  // @ts-expect-error: no contract and no platform has this code.
  expect(!result.ok && result.error === 'no_such_code').toBe(false)
})

it('is cancelled before it begins, and not after it has ended', async () => {
  const waiting = await start({ text: 'cancelled' })
  expect(await waiting.cancel()).toMatchObject({ ok: true, data: { id: waiting.id, state: 'cancelled' } })
  expect(await waiting.done()).toMatchObject({ ok: false, error: 'call_cancelled', status: 409 })
  const done = await start({ text: 'done' })
  await startRelay()
  await done.done()
  expect(await done.cancel()).toMatchObject({ ok: false, error: 'already_started', status: 409 })
})

it('what is refused at once is no invocation, and waiting ends by its signal', async () => {
  expect(await connect('no-key').takeNote.async({ body: { text: 'x' } })).toMatchObject({
    ...{ ok: false, error: 'unauthenticated' },
  })
  const invocation = await start({ text: 'never' })
  expect(await invocation.done({ signal: AbortSignal.abort() })).toMatchObject({ ok: false, error: 'aborted' })
})
