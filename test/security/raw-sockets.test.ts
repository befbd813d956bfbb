import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { REFUSED } from '../../src/http/gateway/steps/test-support-refused.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { untilTrue } from '../support/until.ts'
import { get, RAW_CASES, type RawCase, type RawTarget } from './raw-cases.ts'
import { exchange, type RawOutcome } from './raw-client.ts'
import { startWall, type Wall } from './wall.ts'

/** The gateway waits half a minute for what does not come. */
const SLOW_MS = 90_000
const isFull = process.env.EBB_TEST_SCALE === 'full'

/** What `normalise` refuses is refused by the whole gateway, too; what is wrong with a body, where the body is read. */
const refused = REFUSED.map(([name, status, text]): RawCase => {
  const send = ({ id, key }: RawTarget) =>
    text.replace('PUT /v1/notes/1 HTTP/1.1', `POST /v1/users HTTP/1.1\r\nX-API-Key: ${key}\r\nIdempotency-Key: ${id}`)
  return { name, asks: 'see src/http/gateway/steps/test-support-refused.ts', send, statuses: [status] }
})
const cases = [...RAW_CASES, ...refused].filter(({ slow }) => isFull || !slow)

let wall: Wall
let key: string
/** What came of each case: they run side by side, each on its own connection. */
let outcomes: ReadonlyMap<
  RawCase,
  { readonly outcome: RawOutcome; readonly reached: number; readonly next: RawOutcome }
>
afterAll(() => wall.close())
const database = testDatabase()
beforeAll(async () => {
  wall = await startWall(TEST_PROJECT, database.url)
  key = await wall.keyOf('ann', ['users:write', 'users:read', 'orders:read'])
  outcomes = new Map(await Promise.all(cases.map(async (one) => [one, await run(one)] as const)))
})

async function run({ send, stays, bodiless, halfClose, slow }: RawCase) {
  const to = { id: randomUUID(), key }
  const sent = send(to)
  const probe = (id: string) => get({ id: randomUUID(), key }, { lines: `X-Correlation-Id: ${id}\r\n` })
  const outcome = await exchange(wall.port, {
    ...{ parts: typeof sent === 'string' ? [sent] : sent, probe: stays && probe },
    ...{ bodiless: bodiless ?? false, halfClose: halfClose ?? false, limitMs: SLOW_MS },
  })
  const next = await exchange(wall.port, { parts: [], probe })
  if (slow) expect(outcome.connection).toBe('closed')
  const reached = wall.received.filter((request) => JSON.stringify(request).includes(to.id)).length
  return { outcome, reached, next }
}

it(`there are at least 60: ${cases.length}`, () => {
  expect(cases.length).toBeGreaterThanOrEqual(60)
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
})

describe('on the public port', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const { outcome, reached, next } = outcomes.get(one) ?? {}
    const { statuses, stays, reaches = 0 } = one
    const expected = reaches === 'maybe' ? Math.min(reached ?? 0, 1) : reaches
    expect({ ...outcome, reached }).toMatchObject({
      statuses,
      connection: stays ? 'open' : 'closed',
      reached: expected,
    })
    expect(next?.connection).toBe('open')
  })

  it('a refused request of a path that does not exist reaches no function either', () => {
    const paths = wall.received.map(({ url }) => url.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}'))
    expect([...new Set(paths)].sort()).toEqual(['/v1/users', '/v1/users/{id}'])
  })

  it('functions see no trailer, no header of this hop, and no identity but the gateway`s', () => {
    const names = wall.received.flatMap(({ rawHeaders }) => rawHeaders.filter((_text, i) => i % 2 === 0))
    const lower = new Set(names.map((name) => name.toLowerCase()))
    for (const name of ['x-trailer', 'x-api-key', 'upgrade', 'expect', 'te']) expect([...lower]).not.toContain(name)
  })

  it('callers that hang up in the middle leave nothing behind', async () => {
    const to = { id: randomUUID(), key }
    for (const text of [
      '',
      'GET /v1',
      get(to),
      get(to).slice(0, -2),
      get(to, { lines: 'Transfer-Encoding: chunked\r\n' }),
    ]) {
      const socket = connect({ port: wall.port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.write(text, () => socket.resetAndDestroy())
    }
    const connections = async () =>
      /ebb_open_connections (\d+)/.exec(await (await fetch(`${wall.admin}/metrics`)).text())?.[1]
    await untilTrue(async () => ['0', undefined].includes(await connections()))
    expect(
      (await exchange(wall.port, { parts: [], probe: (id) => get(to, { lines: `X-Correlation-Id: ${id}\r\n` }) }))
        .connection,
    ).toBe('open')
  })
})
