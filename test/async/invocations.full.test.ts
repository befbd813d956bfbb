import { once } from 'node:events'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { untilTrue } from '../support/until.ts'
import { client, closeAfterAll, NOTES, startPlatform, type TestPlatform } from './platform.ts'

let platform: TestPlatform
closeAfterAll(() => platform)
const database = testDatabase()
let ann: ReturnType<typeof client>
let ben: ReturnType<typeof client>
beforeAll(async () => {
  platform = await startPlatform(database.ownerUrl)
  await platform.pool.query(NOTES)
  ann = client(platform, await platform.keyOf('ann'))
  ben = client(platform, await platform.keyOf('ben'))
})

const relays: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop()
})
const startRelay = async (options?: Parameters<typeof platform.startRelay>[0]) =>
  void relays.push(await platform.startRelay(options))

const locationOf = (answer: Response) => answer.headers.get('location') ?? ''
const until = (location: string, state: string) =>
  untilTrue(async () => (await ann.stateOf(location)).state === state, { what: `${location} is ${state}` })
const notesOf = async (text: string) =>
  (await platform.pool.query('select by, act from notes where text = $1', [text])).rows
const hurry = () => platform.pool.query(`update ebb.invocation set available_at = now() where state = 'waiting'`)

describe('a call that is not waited for', () => {
  it('202 with an address, and its function called as its caller, with what it sent', async () => {
    const answer = await ann.send('/v1/notes?copies=2', { text: 'first' }, { prefer: 'respond-async', 'x-tone': 'low' })
    const location = locationOf(answer)
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'respond-async'])
    expect(location).toMatch(/^\/v1\/invocations\/[0-9a-f-]{36}$/)
    const id = location.split('/').at(-1)
    expect(await answer.json()).toEqual({ id, state: 'waiting', location })

    const before = await ann.look(location)
    expect([before.status, before.headers.get('retry-after')]).toEqual([200, '1'])
    const known = { id, function: 'take-note', createdAt: expect.stringMatching(/Z$/) }
    expect(await before.json()).toEqual({ ...known, state: 'waiting', attempts: 0, nextAttemptAt: expect.any(String) })
    expect(platform.observed.calls).toBe(0)

    await startRelay()
    await until(location, 'done')
    const after = await ann.look(location)
    expect(after.headers.get('retry-after')).toBeNull()
    expect(await after.json()).toEqual({
      ...{ ...known, state: 'done', attempts: 1, settledAt: expect.stringMatching(/Z$/) },
      result: {
        status: 201,
        headers: { 'content-type': 'application/json' },
        body: { text: 'first', by: 'ann', tone: 'low' },
      },
    })
    expect(await notesOf('first')).toEqual([{ by: 'ann', act: 'relay' }])
  })

  it('is woken for at once, not at the next poll', async () => {
    // Its next look by itself is an hour away.
    await startRelay({ pollMs: 3_600_000 })
    for (const n of [1, 2, 3, 4]) await until(locationOf(await ann.send('/v1/notes', { text: `quick ${n}` })), 'done')
  })

  it('404 for another caller, 401 without a key, 405 for a POST', async () => {
    const location = locationOf(await ann.send('/v1/notes', { text: 'mine' }))
    expect((await ben.look(location)).status).toBe(404)
    expect((await ann.look('/v1/invocations/1')).status).toBe(404)
    expect((await ann.look('/v1/invocations/00000000-0000-4000-8000-000000000000')).status).toBe(404)
    expect((await fetch(platform.url + location)).status).toBe(401)
    expect((await ann.send(location, {})).status).toBe(405)
  })

  it('403 and 400 at once, and nothing is kept', async () => {
    const count = async () => (await platform.pool.query('select from ebb.invocation')).rowCount
    const before = await count()
    const cy = client(platform, await platform.keyOf('cy', []))
    expect((await cy.send('/v1/notes', { text: 'no' })).status).toBe(403)
    expect((await ann.send('/v1/kept', { text: 'no' })).status).toBe(400)
    const malformed = { prefer: 'respond-async', 'idempotency-key': 'with a blank' }
    expect((await ann.send('/v1/notes', { text: 'no' }, malformed)).status).toBe(400)
    expect(await count()).toBe(before)
  })

  it('201 without the preference, as ever', async () => {
    const answer = await ann.send('/v1/notes', { text: 'now' }, { prefer: 'wait=5, x="respond-async"' })
    expect([answer.status, await answer.json()]).toEqual([201, { text: 'now', by: 'ann' }])
    expect(await notesOf('now')).toEqual([{ by: 'ann', act: null }])
  })
})

describe('a key', () => {
  const keyed = (key: string) => ({ prefer: 'Respond-Async; x=1, return=minimal', 'idempotency-key': key })
  it.each(['/v1/notes', '/v1/kept'])('%s: the same gets the same 202, another request 422', async (path) => {
    const text = `keyed ${path}`
    const key = `key-of-${path}`
    const [first, second] = [await ann.send(path, { text }, keyed(key)), await ann.send(path, { text }, keyed(key))]
    expect([first.status, second.status, second.headers.get('idempotency-replayed')]).toEqual([202, 202, 'true'])
    expect(locationOf(second)).toBe(locationOf(first))
    expect(await second.text()).toBe(await first.text())
    expect((await ann.send(path, { text: 'other' }, keyed(key))).status).toBe(422)
    const others = await ben.send(path, { text }, keyed(key))
    expect([others.status, locationOf(others) === locationOf(first)]).toEqual([202, false])
    await startRelay()
    await until(locationOf(first), 'done')
    await untilTrue(async () => (await notesOf(text)).length === 2, { what: "ben's too" })
  })

  it('of many at once makes one call', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ann.send('/v1/notes', { text: 'crowd' }, keyed('crowd'))),
    )
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].filter((status) => status !== 202 && status !== 409)).toEqual([])
    const locations = new Set(answers.filter(({ status }) => status === 202).map(locationOf))
    expect(locations.size).toBe(1)
  })

  it('409 while a request that waits for its answer holds it', async () => {
    const { observed } = platform
    observed.gate = Promise.withResolvers()
    const calls = observed.calls
    const slow = ann.send('/v1/kept', { text: 'held', mode: 'wait' }, { 'idempotency-key': 'held' })
    await untilTrue(() => observed.calls > calls, { what: 'it is in the function' })
    const answer = await ann.send('/v1/kept', { text: 'held', mode: 'wait' }, keyed('held'))
    expect([answer.status, await answer.json()]).toMatchObject([409, { error: 'in_progress' }])
    observed.gate.resolve()
    expect((await slow).status).toBe(201)
    observed.gate = Promise.withResolvers()
  })

  it('has one effect, whether its caller waits the next time or not', async () => {
    const later = await ann.send('/v1/kept', { text: 'both' }, keyed('both'))
    const now = await ann.send('/v1/kept', { text: 'both' }, { 'idempotency-key': 'both' })
    expect([now.status, locationOf(now)]).toEqual([202, locationOf(later)])
    const done = await ann.send('/v1/kept', { text: 'turned' }, { 'idempotency-key': 'turned' })
    const again = await ann.send('/v1/kept', { text: 'turned' }, keyed('turned'))
    expect([done.status, again.status, await again.json()]).toEqual([201, 201, { text: 'turned', by: 'ann' }])
    await startRelay()
    await until(locationOf(later), 'done')
    expect([(await notesOf('both')).length, (await notesOf('turned')).length]).toEqual([1, 1])
  })
})

describe('a function that fails', () => {
  it('is called again after a 500, and done then; a declared failure is final', async () => {
    const flaky = locationOf(await ann.send('/v1/notes', { text: 'flaky', mode: 'break-once' }))
    const refused = locationOf(await ann.send('/v1/notes', { text: 'refused', mode: 'refuse' }))
    await startRelay()
    await until(flaky, 'done')
    expect(await ann.stateOf(flaky)).toMatchObject({ attempts: 2, result: { status: 201 } })
    expect(await notesOf('flaky')).toHaveLength(1)
    await until(refused, 'failed')
    const { attempts, problem, result } = await ann.stateOf(refused)
    expect([attempts, result, problem]).toEqual([
      1,
      undefined,
      expect.objectContaining({ status: 409, error: 'too_long', message: 'That is too long.', title: 'Too long' }),
    ])
    expect(await notesOf('refused')).toEqual([])
  })

  it('is given up after five attempts, and shows nothing of its inside', async () => {
    const location = locationOf(await ann.send('/v1/notes', { text: 'broken', mode: 'break' }))
    await startRelay()
    await untilTrue(async () => {
      await hurry()
      return (await ann.stateOf(location)).state === 'failed'
    })
    const state = await ann.stateOf(location)
    expect(state).toMatchObject({ attempts: 5, problem: { status: 500, error: 'internal' } })
    expect(JSON.stringify(state)).not.toContain('secret')
    expect(await notesOf('broken')).toEqual([])
  })

  it('shows its caller when the next attempt is due', async () => {
    const location = locationOf(await ann.send('/v1/notes', { text: 'patience', mode: 'break' }))
    await startRelay()
    await untilTrue(async () => (await ann.stateOf(location)).attempts === 2)
    await untilTrue(async () => (await ann.stateOf(location)).state === 'waiting')
    const answer = await ann.look(location)
    const { nextAttemptAt = '' } = (await answer.json()) as { nextAttemptAt?: string }
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Date.parse(nextAttemptAt)).toBeGreaterThan(Date.now() - 1_000)
  })
})

describe('a relay that is killed', () => {
  it('between the answer and its settlement leaves exactly one effect', async () => {
    const { pool, observed } = platform
    const location = locationOf(await ann.send('/v1/notes', { text: 'once', mode: 'wait' }))
    const id = location.split('/').at(-1)
    const first = platform.spawnRelay()
    await untilTrue(async () => (await ann.stateOf(location)).state === 'running', { what: 'it runs' })
    const blocker = await pool.connect()
    await blocker.query('begin')
    await blocker.query('select from ebb.invocation where id = $1 for update', [id])
    observed.gate.resolve()
    const BLOCKED = `select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
                     and query like '%invocation_attempt%'`
    await untilTrue(async () => (await pool.query(BLOCKED)).rowCount === 1, { what: 'the settlement is under way' })
    expect(await notesOf('once')).toHaveLength(1)
    first.kill('SIGKILL')
    await once(first, 'exit')
    await pool.query(`select pg_terminate_backend(pid) from (${BLOCKED}) as blocked`)
    await untilTrue(async () => (await pool.query(BLOCKED)).rowCount === 0, { what: 'the settlement is lost' })
    await blocker.query('rollback')
    blocker.release()
    expect(await ann.stateOf(location)).toMatchObject({ state: 'running', attempts: 1 })
    await pool.query(`update ebb.invocation set locked_until = now() - interval '1 ms' where id = $1`, [id])

    platform.spawnRelay()
    await until(location, 'done')
    expect(await ann.stateOf(location)).toMatchObject({ attempts: 2, result: { status: 201, body: { text: 'once' } } })
    expect(await notesOf('once')).toEqual([{ by: 'ann', act: 'relay' }])
    const { rows } = await pool.query(
      'select number, status, error from ebb.invocation_attempt where invocation_id = $1 order by number',
      [id],
    )
    expect(rows).toEqual([
      { number: 1, status: null, error: 'the relay was lost' },
      { number: 2, status: 201, error: null },
    ])
  })
})
