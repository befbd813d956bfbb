import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { createPool } from '../../src/data/postgres/pool.ts'
import { untilTrue } from '../../test/support/until.ts'
import { ADMIN, gatewaySettings, startTestGateway } from './test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => owner.end())
const database = testDatabase()
const owner = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
beforeEach(() => owner.query('truncate ebb.canary, ebb.audit'))

const IMAGE = 'registry.example.com/get-public:2'

/** Two gateways in front of a function whose canary answers with this status. */
async function start(status: number, body = '{}') {
  const called: string[] = []
  const { env } = await gatewaySettings(database.url, ({ url = '' }, response) => {
    called.push(url)
    const isCanary = url.startsWith('/canary-')
    response.writeHead(isCanary ? status : 200, { 'ebb-revision': isCanary ? '2' : '1' }).end(isCanary ? body : '{}')
  })
  const gateways = [await startTestGateway(env), await startTestGateway(env)] as const
  for (const { heard } of gateways) await heard
  const [first] = gateways
  const admin = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${first.admin}/v1/canaries${path}`, {
      ...{ method, headers: { ...ADMIN, 'content-type': 'application/json' } },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  const state = async () => (await admin('GET', '')).body.canaries[0]
  /** One request to each gateway, by a caller that nobody knows yet. */
  const send = () =>
    Promise.all(
      gateways.map(async ({ url }) => {
        const headers = { 'x-correlation-id': `ebb-check-${randomUUID()}` }
        return (await fetch(`${url}/v1/public`, { headers })).headers.get('ebb-variant')
      }),
    )
  return { admin, state, send, called }
}

const audited = async () =>
  (await owner.query('select actor, action from ebb.audit order by id')).rows.map(({ actor, action }) => [
    actor,
    action,
  ])

it('a canary that fails is ended by the gateways themselves, on all of them, and both tell why', async () => {
  const { admin, state, send, called } = await start(500)
  const begun = await admin('PUT', '/get-public', { image: IMAGE, steps: [50], seconds: 0 })
  expect(begun).toEqual({ status: 200, body: { name: 'get-public' } })
  await untilTrue(async () => {
    const variants = await send()
    return variants.every((variant) => variant === null) && (await state()).state === 'aborted'
  })
  const ended = await state()
  expect(ended).toMatchObject({ image: IMAGE, share: 0, endedAt: expect.stringMatching(/Z$/) })
  expect(ended.why).toMatch(
    /^It is worse: (\d+) of \1 requests failed by the canary, and 0 of \d+ by the old revision\.$/,
  )
  expect(ended.canary.requests).toBeLessThan(60)
  expect(await audited()).toEqual([
    ['admin', 'canary.start'],
    ['judge', 'canary.aborted'],
  ])
  const before = called.length
  await send()
  expect(called.slice(before)).toEqual(['/get-public/v1/public', '/get-public/v1/public'])
})

it('one that is fine goes on by its steps, and waits to be promoted', async () => {
  const { admin, state, send } = await start(200)
  await admin('PUT', '/get-public', { image: IMAGE, steps: [10, 50], requests: 20, seconds: 0 })
  const again = await admin('PUT', '/get-public', { image: IMAGE })
  expect([again.status, again.body.error]).toEqual([409, 'canary_running'])
  await untilTrue(async () => {
    await send()
    return (await state()).state === 'passed'
  })
  expect(await state()).toMatchObject({
    share: 50,
    step: 1,
    why: expect.stringMatching(/^Nothing was worse in \d+ requests/),
  })
  expect((await admin('POST', '/get-public/promote')).status).toBe(200)
  expect(await state()).toMatchObject({ state: 'promoted', share: 0, why: 'admin has promoted it.' })
  expect(await audited()).toEqual([
    ['admin', 'canary.start'],
    ['judge', 'canary.step'],
    ['judge', 'canary.passed'],
    ['admin', 'canary.promote'],
  ])
  expect((await admin('POST', '/get-public/abort')).status).toBe(404)
})

it('reads are copied first, which no caller notices: one that answers otherwise is ended before it has any', async () => {
  const { admin, state, send, called } = await start(200, '{"n":1}')
  await admin('PUT', '/get-public', { image: IMAGE, steps: [0, 10], requests: 5, seconds: 0 })
  await untilTrue(async () => {
    const variants = await send()
    expect(variants).not.toContain('canary')
    return (await state()).state === 'aborted'
  })
  const { why, shadow } = await state()
  expect(why).toMatch(/^It answers otherwise: (\d+) of \1 copied reads differ \(most often \*: added\)\.$/)
  expect(shadow).toMatchObject({ moved: 0, differences: [{ what: '*: added', times: shadow.differs }] })
  expect(shadow.calls).toBe(2 * shadow.compared)
  const copies = called.filter((url) => url === '/canary-get-public/v1/public')
  expect(copies.length).toBeGreaterThanOrEqual(shadow.differs)
})

it('one that answers the same goes on to callers, and what was compared stays to be seen', async () => {
  const { admin, state, send } = await start(200, '{"n":1}')
  await admin('PUT', '/get-public', { image: IMAGE, steps: [0, 50], requests: 5, seconds: 0, mayDiffer: ['*'] })
  await untilTrue(async () => (await send()).includes('canary'))
  expect(await state()).toMatchObject({
    ...{ share: 50, step: 1, mayDiffer: ['*'] },
    shadow: { differs: 0, failed: 0, differences: [] },
  })
})

it('what cannot be a canary is refused', async () => {
  const { admin } = await start(200)
  expect((await admin('PUT', '/nobody', { image: IMAGE })).status).toBe(404)
  expect((await admin('PUT', '/get-public', { image: IMAGE, steps: [60] })).status).toBe(400)
  expect((await admin('PUT', '/get-public', { image: IMAGE, steps: [10, 0] })).status).toBe(400)
  expect((await admin('PUT', '/get-public', { image: '' })).status).toBe(400)
  for (const name of ['create-thing', 'open-socket', 'send-welcome']) {
    const refused = await admin('PUT', `/${name}`, { image: IMAGE, steps: [0, 10] })
    expect([refused.status, refused.body.error]).toEqual([409, 'no_reads'])
  }
})
