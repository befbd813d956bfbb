import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { untilTrue } from '../support/until.ts'
import { isGenuine, startReceiver } from '../support/webhook-receiver.ts'
import { CALLBACK_SECRET, client, closeAfterAll, NOTES, startPlatform, type TestPlatform } from './platform.ts'

let platform: TestPlatform
let receiver: Awaited<ReturnType<typeof startReceiver>>
closeAfterAll(() => platform)
afterAll(() => receiver.close())
const database = testDatabase()
let ann: ReturnType<typeof client>
let ben: ReturnType<typeof client>
beforeAll(async () => {
  receiver = await startReceiver()
  platform = await startPlatform(database.ownerUrl, {
    env: { EBB_CALLBACK_SECRET: CALLBACK_SECRET, EBB_GUARDED_ALSO: `${receiver.host},127.0.0.1:9` },
  })
  await platform.pool.query(NOTES)
  ann = client(platform, await platform.keyOf('ann'))
  ben = client(platform, await platform.keyOf('ben'))
})

const relays: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop()
})
const startRelay = async () => void relays.push(await platform.startRelay())

/** Repeats what a busy machine did not get done in time, which is safe for all that is asked here. */
async function sure(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await ask()
    if (answer.status !== 503) return answer
  }
}
const later = async (text: string, headers: Readonly<Record<string, string>> = {}) => {
  const sent = { prefer: 'respond-async', 'idempotency-key': `key of ${text}`.replaceAll(' ', '-'), ...headers }
  return (await sure(() => ann.send('/v1/notes', { text }, sent))).headers.get('location') ?? ''
}
const notesOf = async (text: string) =>
  (await platform.pool.query('select from notes where text = $1', [text])).rowCount
const appliedOf = (answer: Response) => answer.headers.get('preference-applied')
const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { error?: string }).error]

describe('a call that is waited for', () => {
  it('201 as the call itself would have been, within the time; a repetition of it, too', async () => {
    await startRelay()
    const headers = { prefer: 'respond-async, wait=30', 'idempotency-key': 'waited' }
    const answer = await ann.send('/v1/notes', { text: 'waited' }, headers)
    expect([answer.status, appliedOf(answer)]).toEqual([201, 'wait=30'])
    expect(await answer.json()).toEqual({ text: 'waited', by: 'ann' })
    const again = await ann.send('/v1/notes', { text: 'waited' }, headers)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(await notesOf('waited')).toBe(1)
  })

  it('409 as its function refuses it', async () => {
    await startRelay()
    const answer = await ann.send('/v1/notes', { text: 'x', mode: 'refuse' }, { prefer: 'respond-async, wait=60' })
    expect([...(await codeOf(answer)), appliedOf(answer)]).toEqual([409, 'too_long', 'wait=30'])
  })

  it('202 where the time is over before', async () => {
    const answer = await ann.send('/v1/notes', { text: 'slow' }, { prefer: 'respond-async, wait=1' })
    expect([answer.status, appliedOf(answer)]).toEqual([202, 'respond-async, wait=1'])
    expect(await answer.json()).toMatchObject({ state: 'waiting', location: answer.headers.get('location') })
  })

  it('its state is answered when it has ended, and wakes also without a notification', async () => {
    const location = await later('polled')
    const looking = ann.look(location, { prefer: 'wait=30' })
    const id = location.split('/').at(-1)
    await platform.pool.query(
      `update ebb.invocation set state = 'done', settled_at = now(), status = 204, answer_headers = '{}' where id = $1`,
      [id],
    )
    const answer = await looking
    expect([appliedOf(answer), await answer.json()]).toMatchObject(['wait=30', { id, state: 'done' }])
  })
})

describe('a call that its caller cancels', () => {
  it('200 before it begins, and again; its function is never called', async () => {
    const location = await later('cancelled')
    for (const _ of [1, 2]) {
      const answer = await ann.cancel(location)
      expect([answer.status, await answer.json()]).toMatchObject([200, { state: 'cancelled', attempts: 0 }])
    }
    await startRelay()
    expect((await ann.send('/v1/notes', { text: 'after' }, { prefer: 'respond-async, wait=30' })).status).toBe(201)
    expect([await notesOf('cancelled'), (await ann.stateOf(location)).state]).toEqual([0, 'cancelled'])
  })

  it('409 once it has begun or ended; 404 for anybody else, and for what is none', async () => {
    const { observed } = platform
    observed.gate = Promise.withResolvers()
    const answer = await ann.send('/v1/notes', { text: 'begun', mode: 'wait' })
    const location = answer.headers.get('location') ?? ''
    expect(await codeOf(await ben.cancel(location))).toEqual([404, 'not_found'])
    expect(await codeOf(await ann.cancel('/v1/invocations/none'))).toEqual([404, 'not_found'])
    await startRelay()
    await untilTrue(async () => (await ann.stateOf(location)).state === 'running')
    expect(await codeOf(await ann.cancel(location))).toEqual([409, 'already_started'])
    observed.gate.resolve()
    await ann.look(location, { prefer: 'wait=30' })
    expect(await codeOf(await ann.cancel(location))).toEqual([409, 'already_started'])
    expect(await notesOf('begun')).toBe(1)
  })

  it('while relays lease it has either no effect or one, and says which', async () => {
    await startRelay()
    for (let i = 0; i < 15; i++) {
      const text = `race ${i}`
      const location = await later(text)
      const isCancelled = (await sure(() => ann.cancel(location))).status === 200
      const { state } = (await (await sure(() => ann.look(location, { prefer: 'wait=30' }))).json()) as {
        state: string
      }
      const end = { isCancelled, state, notes: await notesOf(text) }
      expect(end).toEqual(
        end.isCancelled
          ? { isCancelled: true, state: 'cancelled', notes: 0 }
          : { isCancelled: false, state: 'done', notes: 1 },
      )
    }
  })
})

/** Reads a stream of events to its end. */
async function eventsOf(answer: Response) {
  const text = await answer.text()
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('id: '))
    .map((block) => {
      const [, id, event, data = ''] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? []
      return { id, event, state: (JSON.parse(data) as { state: string }).state }
    })
}

describe('events', () => {
  const EVENTS = { accept: 'text/event-stream' }

  it('of each state until the end, which a client that has it does not get again', async () => {
    const { observed } = platform
    observed.gate = Promise.withResolvers()
    const location = (await ann.send('/v1/notes', { text: 'told', mode: 'wait' })).headers.get('location') ?? ''
    const stream = await ann.look(location, EVENTS)
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    const reading = eventsOf(stream)
    await startRelay()
    await untilTrue(async () => (await ann.stateOf(location)).state === 'running')
    const later = eventsOf(await ann.look(location, { ...EVENTS, 'last-event-id': '1leased' }))
    observed.gate.resolve()
    const end = { id: 'end', event: 'end', state: 'done' }
    expect((await reading).filter(({ state }) => state !== 'running')).toEqual([
      { id: '0waiting', event: 'state', state: 'waiting' },
      end,
    ])
    expect(await later).toEqual([end])
    expect((await ann.look(location, { ...EVENTS, 'last-event-id': 'end' })).status).toBe(204)
  })

  it('404 for anybody else', async () => {
    expect((await ben.look(await later('mine'), EVENTS)).status).toBe(404)
  })
})

describe('the list of calls', () => {
  it('has only its caller`s, the newest first, in pages and by state', async () => {
    const cy = client(platform, await platform.keyOf('cy'))
    const ids: string[] = []
    for (const n of [1, 2, 3, 4, 5]) {
      const answer = await cy.send('/v1/notes', { text: `listed ${n}` })
      ids.unshift(((await answer.json()) as { id: string }).id)
    }
    await cy.cancel(`/v1/invocations/${ids[1]}`)
    const list = async (query: string) =>
      (await (await cy.look(`/v1/invocations${query}`)).json()) as {
        readonly invocations: readonly { readonly id: string; readonly state: string }[]
        readonly next?: string
      }
    const pages: string[][] = []
    for (let next: string | undefined = ''; next !== undefined; ) {
      const page = await list(`?limit=2${next && `&before=${next}`}`)
      pages.push(page.invocations.map(({ id }) => id))
      next = page.next
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
    expect((await list('?state=cancelled')).invocations).toMatchObject([{ id: ids[1], state: 'cancelled' }])
    expect((await list('?state=waiting')).invocations).toHaveLength(4)
    expect((await cy.look('/v1/invocations?state=leased')).status).toBe(400)
    expect((await fetch(`${platform.url}/v1/invocations`)).status).toBe(401)
  })
})

describe('what is kept', () => {
  it('410 when its time is over, before and after it is forgotten', async () => {
    const { pool } = platform
    await startRelay()
    const old = new Date(Date.now() - 25 * 3_600_000)
    const time = old.getTime().toString(16).padStart(12, '0')
    const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000001`
    await pool.query(
      `insert into ebb.invocation (id, caller, scopes, function, method, target, headers, body, correlation_id, traceparent,
                                   state, created_at, settled_at)
       values ($1, 'ann', '{}', 'take-note', 'POST', '/', '{}', '', 'c', 't', 'done', $2, $2)`,
      [id, old],
    )
    const location = `/v1/invocations/${id}`
    expect(await codeOf(await ann.look(location))).toEqual([410, 'gone'])
    expect(await codeOf(await ann.cancel(location))).toEqual([410, 'gone'])
    await relays.pop()?.stop()
    await startRelay()
    await untilTrue(async () => (await pool.query('select from ebb.invocation where id = $1', [id])).rowCount === 0)
    expect(await codeOf(await ann.look(location))).toEqual([410, 'gone'])
    // What nobody has made looks the same.
    expect(await codeOf(await ben.look(location.replace(/1$/, '2')))).toEqual([410, 'gone'])
  })
})

describe('a callback', () => {
  const told = (location: string) =>
    receiver.received
      .filter(({ headers }) => headers['webhook-id'] === location.split('/').at(-1))
      .map((one) => ({ ...one, message: JSON.parse(one.body), isSigned: isGenuine(one, CALLBACK_SECRET) }))
  const isTold = (location: string) =>
    untilTrue(() => told(location).length > 0, { what: `the address is told of ${location}` })

  it('tells of the end, signed, once; its call shows that', async () => {
    await startRelay()
    const location = await later('called back', { 'ebb-callback': receiver.url })
    await isTold(location)
    const id = location.split('/').at(-1)
    expect(told(location)).toMatchObject([
      {
        ...{ path: '/hook', isSigned: true, headers: { 'webhook-id': id, 'content-type': 'application/json' } },
        message: { type: 'call.done', data: { id, state: 'done', result: { status: 201, body: { by: 'ann' } } } },
      },
    ])
    await untilTrue(async () => (await ann.stateOf(location)).callback?.state === 'done')
    expect((await ann.stateOf(location)).callback).toEqual({ state: 'done', attempts: 1, status: 204 })
  })

  it('tells of a call that failed, and of one that was cancelled', async () => {
    const cancelled = await later('no', { 'ebb-callback': receiver.url })
    await ann.cancel(cancelled)
    await startRelay()
    await isTold(cancelled)
    const headers = { prefer: 'respond-async', 'ebb-callback': receiver.url }
    const failed = await ann.send('/v1/notes', { text: 'f', mode: 'refuse' }, headers)
    const location = failed.headers.get('location') ?? ''
    await isTold(location)
    expect(told(cancelled)).toMatchObject([{ message: { type: 'call.cancelled' } }])
    expect(told(location)).toMatchObject([
      { message: { type: 'call.failed', data: { problem: { error: 'too_long' } } } },
    ])
  })

  it('that is refused is tried again, in rows, until the last attempt; one that may not be called never is', async () => {
    const { pool } = platform
    await startRelay()
    const closed = await later('closed', { 'ebb-callback': 'http://127.0.0.1:9/' })
    // Nothing of the gateway can tell what a name stands for.
    const inside = await later('inside', { 'ebb-callback': 'https://localhost/' })
    const callbackOf = async (location: string) => (await ann.stateOf(location)).callback
    await untilTrue(async () => (await callbackOf(inside))?.state === 'failed')
    expect(await callbackOf(inside)).toEqual({ state: 'failed', attempts: 1, status: null })
    await untilTrue(async () => {
      await pool.query(`update ebb.callback set available_at = now() where state = 'waiting'`)
      await pool.query('notify ebb_outbox')
      return (await callbackOf(closed))?.state === 'failed'
    })
    const { rows } = await pool.query(
      'select count(*)::int, max(number), min(error) from ebb.callback_attempt where invocation_id = $1',
      [closed.split('/').at(-1)],
    )
    expect([await callbackOf(closed), rows]).toEqual([
      { state: 'failed', attempts: 12, status: null },
      [{ count: 12, max: 12, min: 'network' }],
    ])
  })

  it.each([
    ['ftp://partner.example/', 'respond-async'],
    ['http://partner.example/', 'respond-async'],
    ['https://partner.example:8443/', 'respond-async'],
    ['https://me:secret@partner.example/', 'respond-async'],
    [`https://partner.example/${'x'.repeat(2_000)}`, 'respond-async'],
    ['none', 'respond-async'],
    ['https://partner.example/', 'return=minimal'],
  ])('400 for %s with Prefer: %s', async (address, prefer) => {
    const answer = await ann.send('/v1/notes', { text: 'bad' }, { prefer, 'ebb-callback': address })
    expect([answer.status, await answer.json()]).toMatchObject([400, { details: [{ path: 'headers.ebb-callback' }] }])
    expect(await notesOf('bad')).toBe(0)
  })
})
