import { expect, it } from '@jest/globals'
import { testDatabase } from '../../../src/testing/index.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { ADMIN, gatewaySettings, startTestGateway } from '../test-support.ts'

interface Listed {
  readonly requests: readonly Record<string, unknown>[]
  readonly next?: string
  readonly held: { readonly requests: number; readonly since: string | null }
}

const database = testDatabase()

async function start() {
  const settings = await gatewaySettings(database.url, ({ url }, response) => {
    response.writeHead(url?.includes('get-limited') ? 500 : 200, { 'ebb-revision': 'r7' }).end('{}')
  })
  const { url, admin } = await startTestGateway(settings.env)
  const get = async <Body>(path: string) => (await (await fetch(admin + path, { headers: ADMIN })).json()) as Body
  const list = (query = '') => get<Listed>(`/v1/requests?${query}`)
  return { url, admin, get, list }
}

it('200 the requests of a gateway, the newest first, also those that woke nothing', async () => {
  const { url, list } = await start()
  await fetch(`${url}/v1/public?secret=1`, { headers: { 'x-correlation-id': 'the-first' } })
  await fetch(`${url}/v1/things`)
  await fetch(`${url}/v1/nothing`)
  await fetch(`${url}/_/health`)
  await untilTrue(async () => (await list()).held.requests === 3)
  const { requests, held } = await list()
  const time = expect.stringMatching(/^\d{4}-.*Z$/)
  expect(requests.map(({ path, status, reason, invoked }) => [path, status, reason, invoked])).toEqual([
    ['/v1/nothing', 404, 'not_found', false],
    ['/v1/things', 401, 'unauthenticated', false],
    ['/v1/public', 200, null, true],
  ])
  expect(requests[2]).toMatchObject({
    ...{ at: time, method: 'GET', route: '/v1/public', function: 'get-public', correlationId: 'the-first' },
    ...{ caller: 'anonymous', tenant: null, client: '127.0.0.1', cold: false, revision: 'r7', bytes: 2 },
  })
  expect(held).toEqual({ requests: 3, since: time })
})

it('200 only those that are asked for, and 400 for what is no filter', async () => {
  const { url, admin, list } = await start()
  for (const path of ['/v1/public', '/v1/public', '/v1/things', '/v1/limited']) await fetch(url + path)
  await untilTrue(async () => (await list()).held.requests === 4)
  const paths = async (query: string) => (await list(query)).requests.map(({ path }) => path)
  expect(await paths('status=4xx,500')).toEqual(['/v1/limited', '/v1/things'])
  expect(await paths('function=get-public&limit=1')).toEqual(['/v1/public'])
  expect(await paths('reason=none&path=/v1/p')).toEqual(['/v1/public', '/v1/public'])
  expect(await paths('minMs=3600000')).toEqual([])
  for (const query of ['status=6xx', 'state=dead', 'before=1', 'since=now'])
    expect((await fetch(`${admin}/v1/requests?${query}`, { headers: ADMIN })).status).toBe(400)
})

it('200 page by page, each request once', async () => {
  const { url, list } = await start()
  for (let i = 0; i < 5; i++) await fetch(`${url}/v1/public`)
  await untilTrue(async () => (await list()).held.requests === 5)
  const seen: unknown[] = []
  let page = await list('limit=2')
  for (; page.next; page = await list(`limit=2&before=${page.next}`)) seen.push(...page.requests.map(({ id }) => id))
  expect(new Set([...seen, ...page.requests.map(({ id }) => id)]).size).toBe(5)
})

it('200 what comes from now on, as events that match', async () => {
  const { url, admin } = await start()
  const hangUp = new AbortController()
  const { signal } = hangUp
  const live = await fetch(`${admin}/v1/requests/live?status=2xx`, { headers: ADMIN, signal })
  expect([live.status, live.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  for (const path of ['/v1/things', '/v1/public']) await fetch(url + path)
  let text = ''
  for await (const chunk of live.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('\n\ndata') || /data: .*\n\n/.test(text)) break
  }
  const { requests, skipped } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}')
  expect(text).toContain('event: requests\n')
  expect([requests.map(({ path }: { path: string }) => path), skipped]).toEqual([['/v1/public'], 0])
  hangUp.abort()
})

it('503 for more that follow than a gateway serves, and 200 once one has hung up', async () => {
  const { admin } = await start()
  // A response that nothing holds any more is cancelled when it is collected as garbage, and its connection closed.
  const held: Response[] = []
  const follow = async (signal?: AbortSignal) => {
    const response = await fetch(`${admin}/v1/requests/live`, { headers: ADMIN, ...(signal ? { signal } : {}) })
    held.push(response)
    return response
  }
  const first = new AbortController()
  await follow(first.signal)
  for (let i = 1; i < 20; i++) expect((await follow()).status).toBe(200)
  const refused = await follow()
  expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ error: 'too_many_streams' })])
  first.abort()
  await untilTrue(async () => (await follow()).status === 200)
  expect(held.filter(({ status }) => status === 200)).toHaveLength(21)
})

it('200 the traffic of ten minutes, by route', async () => {
  const { url, get } = await start()
  for (const path of ['/v1/public', '/v1/public', '/v1/limited', '/v1/things']) await fetch(url + path)
  interface Row {
    readonly function: string
    readonly requests: readonly number[]
    readonly ms: { readonly p99: number | null }
    readonly totals: object
  }
  const show = async () => (await get<{ traffic: Row[]; steps: number }>('/v1/traffic')).traffic
  await untilTrue(async () => (await show()).length === 3)
  const rows = Object.fromEntries((await show()).map((row) => [row.function, row]))
  expect(rows['get-public']?.totals).toEqual({ requests: 2, errors: 0, cold: 0, notInvoked: 0 })
  expect(rows['get-limited']?.totals).toEqual({ requests: 1, errors: 1, cold: 0, notInvoked: 0 })
  expect(rows['get-thing']?.totals).toEqual({ requests: 1, errors: 0, cold: 0, notInvoked: 1 })
  expect([rows['get-public']?.requests.length, typeof rows['get-public']?.ms.p99]).toEqual([60, 'number'])
})
