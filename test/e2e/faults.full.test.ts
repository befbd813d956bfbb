import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { explainId, listTraces, showTrace } from '../../src/protocol/admin/traces.ts'
import { copyCheckout, functionFiles } from '../support/checkout.ts'
import { spawnCli } from '../support/cli.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

const FAST = { limitMs: 60_000 }

/** `GET /v1/<name>` for anybody, whose handler has a database; `more` of its contract. */
const endpointFiles = (name: string, handler: string, more = '') => ({
  ...functionFiles(name, handler),
  [`functions/${name}/contract.ts`]: `
    import { endpoint } from 'ebb/contract'
    import * as z from 'zod'
    export default endpoint({
      name: '${name}', summary: 'A test.', method: 'GET', path: '/v1/${name}', ${more}
      reply: { status: 200, body: z.object({ pid: z.number() }) }, access: { anonymous: true },
    })`,
  [`functions/${name}/handler.ts`]: `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async (_request, { sql }) => { ${handler} })`,
})

/** A second subscriber of user.created, which no event suits. */
const POISONED = {
  'functions/count-names/contract.ts': `
    import { subscriber } from 'ebb/contract'
    import { userCreated } from '../../domain/user.ts'
    export default subscriber({ name: 'count-names', summary: 'A test.', on: userCreated, retry: { attempts: 1 } })`,
  'functions/count-names/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async ({ data }) => {
      throw new RangeError('the name of ' + Object.keys(data).length + ' parts has no vowel')
    })`,
  'functions/count-names/index.ts': `
    import { serve } from 'ebb/http'
    import handler from './handler.ts'
    serve(handler)`,
}

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  checkout = await copyCheckout({
    ...endpointFiles('get-slow', 'await sql`select pg_sleep(0.6)`; return { pid: 1 }'),
    ...endpointFiles('get-late', 'await sql`select pg_sleep(30)`; return { pid: 1 }', 'timeoutMs: 1500,'),
    ...endpointFiles(
      'get-crowded',
      'await sql`select pg_sleep(2)`; return { pid: 1 }',
      'timeoutMs: 3000, scale: { max: 1, concurrency: 50 },',
    ),
    ...endpointFiles('get-limited', 'return { pid: 1 }', 'limit: { requests: 1, perSeconds: 3600 },'),
    ...functionFiles('get-crash', 'return { pid: 1 }'),
    'functions/get-crash/index.ts': "throw new Error('there is no licence')",
    ...POISONED,
  })
  ebb = await startEbb({ root: checkout.root })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

const ask = async <Reply>(path: string): Promise<Reply | undefined> => {
  const headers = { authorization: `Bearer ${ebb.ready.adminKey}` }
  const response = await fetch(new URL(path, ebb.ready.admin), { headers })
  // The admin API has the types of this checkout.
  return response.ok ? ((await response.json()) as Reply) : undefined
}
type Story = AdminOutput<typeof explainId>

/** The story of a request once it has what is looked for: spans arrive half a second after they have ended. */
async function storyOf(id: string, isComplete: (story: Story) => boolean): Promise<Story> {
  let story: Story | undefined
  await untilTrue(
    async () => {
      story = await ask<Story>(`/v1/explain/${id}`)
      return story !== undefined && isComplete(story)
    },
    { ...FAST, what: `the story of ${id} is complete` },
  )
  if (!story) throw new Error('there is no story')
  return story
}

const get = (name: string, id: string) =>
  ebb.call('GET', `/v1/${name}`, { key: '', headers: { 'x-correlation-id': id } })
const saysOf = ({ causes }: Story) => causes.map(({ part, says }) => `${part}: ${says}`)

/**
 * The story of a request names these causes first, in this order, and then what came of them. Its log is there before its spans
 * are, so until then a cause may be missing, or be told by the log alone; what the story said at last is what fails.
 */
async function expectCauses(id: string, expected: readonly RegExp[]) {
  let said: readonly string[] = []
  const isNamed = (story: Story) => {
    said = saysOf(story).slice(0, expected.length)
    return expected.every((pattern, i) => pattern.test(said[i] ?? ''))
  }
  await storyOf(id, isNamed).catch(() =>
    expect(said).toEqual(expected.map((pattern) => expect.stringMatching(pattern))),
  )
}

describe('from its correlation id alone, the cause of', () => {
  it('a slow statement', async () => {
    await get('get-slow', 'warming-up')
    expect((await get('get-slow', 'fault-slow')).status).toBe(200)
    const { slowest, steps, causes } = await storyOf('fault-slow', (story) => story.slowest !== null)
    expect(slowest).toMatchObject({
      part: 'get-slow',
      says: expect.stringMatching(/^select pg_sleep\(0\.6\): \d+ of \d+ ms$/),
    })
    expect(steps[slowest?.step ?? -1]).toMatchObject({ kind: 'statement', traceId: expect.any(String) })
    expect(causes).toEqual([])
  })

  it('a statement for which there is no time', async () => {
    expect((await get('get-late', 'fault-late')).status).toBe(504)
    const story = await storyOf('fault-late', ({ causes }) => causes.length > 1)
    expect(saysOf(story)[0]).toMatch(
      /^get-late: select pg_sleep\(30\) had run for 1\d{3} ms when the time of its request was over$/,
    )
  })

  it('an exhausted pool', async () => {
    await get('get-crowded', 'warming-up')
    const ids = Array.from({ length: 16 }, (_, i) => `fault-crowd-${i}`)
    const statuses = await Promise.all(ids.map(async (id) => (await get('get-crowded', id)).status))
    await expectCauses(ids[statuses.indexOf(503)] ?? '', [
      /^get-crowded: all connections of its pool were in use for \d+ ms \(EBB_POOL_MAX\)$/,
    ])
  })

  it('a crash at start', async () => {
    expect((await get('get-crash', 'fault-crash')).status).toBeGreaterThanOrEqual(500)
    await expectCauses('fault-crash', [
      /^get-crash: Error: there is no licence, at functions\/get-crash\/index\.ts:1:7$/,
    ])
  })

  it('a poison event, in the subscriber and as a dead letter', async () => {
    const response = await ebb.createUser('poison@example.com')
    const id = response.headers.get('x-correlation-id') ?? ''
    await expectCauses(id, [
      /^count-names: RangeError: the name of \d parts has no vowel, at functions\/count-names\/handler\.ts:\d+:\d+$/,
      /^relay: user\.created \([0-9a-f-]{36}\) to count-names is dead after 1 attempt: the last one answered 500$/,
    ])
    const isMail = ({ kind, part }: Story['steps'][number]) => kind === 'mail' && part === 'send-welcome-email'
    await storyOf(id, ({ steps }) => steps.some(isMail))
  })

  it('a misconfigured limit', async () => {
    await get('get-limited', 'within-the-limit')
    expect((await get('get-limited', 'fault-limit')).status).toBe(429)
    await expectCauses('fault-limit', [
      /^gateway: functions\/get-limited\/contract\.ts allows a caller 1 request in 3600 s, and this was one more$/,
    ])
  })
})

it('one trace leads from the click to the mail, with its gaps by their names, and fits into 80 columns', async () => {
  const id = (await ebb.createUser('trace@example.com')).headers.get('x-correlation-id') ?? ''
  const isMail = ({ name }: { readonly name: string }) => name === 'send mail'
  let traceId = ''
  await untilTrue(
    async () => {
      const list = await ask<AdminOutput<typeof listTraces>>(`/v1/traces?correlation=${id}`)
      traceId = list?.traces[0]?.traceId ?? ''
      const shown = traceId ? await ask<AdminOutput<typeof showTrace>>(`/v1/traces/${traceId}`) : undefined
      return shown?.rows.some(isMail) === true && shown.rows.some(({ part }) => part === 'gateway')
    },
    { ...FAST, what: 'the span of the mail has arrived' },
  )
  const shown = await ask<AdminOutput<typeof showTrace>>(`/v1/traces/${traceId}`)
  const names = shown?.rows.map(({ part, kind, name }) => `${part} ${kind} ${name}`) ?? []
  expect(names[0]).toBe('gateway server POST /v1/users')
  expect(names).toEqual(
    expect.arrayContaining([
      'create-user producer send user.created',
      'relay gap wait for the relay',
      'relay delivery deliver user.created to send-welcome-email',
      'send-welcome-email client send mail',
    ]),
  )
  const env = { EBB_HOME: ebb.folder, NO_COLOR: '1' }
  const { stdout } = await spawnCli(['traces', 'show', traceId], { root: checkout.root, env }).ended
  expect(stdout).toContain(`Correlation ${id}`)
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})

it('lets functions end although they export, and loses no span of what they did last', async () => {
  await get('get-slow', 'last-request')
  await untilTrue(async () => (await ebb.functions()).every(({ instances }) => instances === 0), FAST)
  await storyOf('last-request', ({ steps }) => steps.some(({ kind }) => kind === 'statement'))
})
