import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'

const contract = endpoint({
  name: 'hold-on',
  summary: 'Answers when the test lets it.',
  method: 'GET',
  path: '/v1/hold-on/{id}',
  params: z.object({ id: z.string() }),
  reply: { status: 200, body: z.object({ id: z.string() }) },
  access: { anonymous: true },
  timeoutMs: 20_000,
})

const held = new Map<string, () => void>()
const began: string[] = []

const holdOn = implement(contract, {}, async ({ params: { id } }) => {
  began.push(id)
  await new Promise<void>((resolve) => held.set(id, resolve))
  return { id }
})

const fn = testFunction(holdOn, { env: { EBB_MAX_CONCURRENCY: '2' } })

interface Asked {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

async function ask(id: string, { timeoutMs, ...options }: Asked = {}) {
  const headers = { ...(await fn.headers({ sub: 'ada' })), ...(timeoutMs ? { 'ebb-timeout-ms': `${timeoutMs}` } : {}) }
  const answer = await fetch(`${await fn.address()}/v1/hold-on/${id}`, { headers, ...options })
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.json() }
}

const release = (...ids: string[]) => {
  for (const id of ids) held.get(id)?.()
}

const twoRun = () => untilTrue(() => began.length === 2, { what: 'two that run' })

beforeEach(() => {
  began.length = 0
  held.clear()
})

it('runs two at a time, and the others in order', async () => {
  const answers = ['a', 'b', 'c'].map((id) => ask(id))
  await twoRun()
  release(...began)
  await untilTrue(() => began.length === 3, { what: 'the third' })
  release(...began)
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200])
})

it('answers a waiting request at its deadline, and never runs one whose caller hung up', async () => {
  const running = ['a', 'b'].map((id) => ask(id))
  await twoRun()
  const caller = new AbortController()
  const gone = ask('gone', { signal: caller.signal }).catch(() => 'gone')
  const late = () => ask('late', { timeoutMs: 1_000 })
  expect(await late()).toMatchObject({ status: 504, body: { error: 'deadline_exceeded' } })
  caller.abort()
  expect(await gone).toBe('gone')
  // By its answer the server has seen the other's end.
  await late()
  release(...began)
  await Promise.all(running)
  const after = ask('after')
  await untilTrue(() => began.includes('after'), { what: 'one that comes later' })
  release('after')
  expect((await after).status).toBe(200)
  expect(began).toEqual([expect.any(String), expect.any(String), 'after'])
})

it('refuses with 503 and Retry-After beyond a queue of ten for each slot', async () => {
  const refused: Awaited<ReturnType<typeof ask>>[] = []
  const answers = Array.from({ length: 25 }, async (_, i) => {
    const answer = await ask(`${i}`)
    if (answer.status === 503) refused.push(answer)
    return answer.status
  })
  await untilTrue(() => refused.length === 3, { what: 'those for whom there is no room' })
  expect(refused[0]).toMatchObject({ retryAfter: '1', body: { error: 'unavailable' } })
  while (began.length < 22) {
    const all = began.length
    release(...began)
    await untilTrue(() => began.length > all, { what: 'the next in turn' })
  }
  release(...began)
  expect((await Promise.all(answers)).filter((status) => status === 200)).toHaveLength(22)
})

it('503 at once for a request that would wait too long, by the average duration of those before', async () => {
  for (let round = 0; round < 5; round++) {
    began.length = 0
    const running = ['a', 'b'].map((id) => ask(id))
    await twoRun()
    await delay(50)
    release('a', 'b')
    await Promise.all(running)
  }
  began.length = 0
  const running = ['a', 'b'].map((id) => ask(id))
  await twoRun()
  // Half of this is less than one of the two places was held for each time.
  expect(await ask('hasty', { timeoutMs: 10 })).toMatchObject({ status: 503, retryAfter: '1' })
  release('a', 'b')
  await Promise.all(running)
})
