import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { emptyProject } from '../conformance/conformance-project.ts'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

const index = "import { serve } from 'ebb/http'\nimport handler from './handler.ts'\nserve(handler)\n"
const contractOf = (name: string, parts: string, kind = 'endpoint') => `
  import { ${kind} } from 'ebb/contract'
  import * as z from 'zod'
  ${kind === 'subscriber' ? "import { thingAsked } from '../../domain/asked.ts'" : ''}
  export default ${kind}({ name: '${name}', summary: 'A test.', ${parts} })`
const handlerOf = (uses: string, tools: string, body: string) => `
  import { http, postgres, services } from 'ebb/data'
  import { implement } from 'ebb/http'
  import contract from './contract.ts'
  ${uses.includes('answer') ? "import answer from '../answer/contract.ts'" : ''}
  export default implement(contract, { ${uses} }, async (${tools}) => { ${body} })`

/** What `answer` says of the call that it got. */
const ANSWER = `z.object({ sub: z.string(), via: z.string(), iss: z.string(), correlationId: z.string(), traceId: z.string() })`

const FILES: Readonly<Record<string, string>> = {
  'domain/migrations/0001.do.heard.sql':
    'create table heard (via text, iss text, sub text);\ngrant select, insert on heard to public;',
  'domain/asked.ts': `
    import { event } from 'ebb/contract'
    import * as z from 'zod'
    export const thingAsked = event({ type: 'thing.asked', data: z.object({ waitMs: z.int() }), summary: 'Asked.' })`,
  'functions/answer/contract.ts': contractOf(
    'answer',
    `method: 'POST', path: '/v1/answers', body: z.object({ waitMs: z.int() }), reads: true, access: { internal: true },
     reply: { status: 200, body: ${ANSWER} }, failures: { no_answer: 409 }, timeoutMs: 60_000,`,
  ),
  'functions/answer/handler.ts': handlerOf(
    '',
    '{ body: { waitMs } }, { caller, correlation, signal, fail }',
    `if (waitMs < 0) throw fail('no_answer', 'There is none.')
     if (waitMs > 0) await new Promise((resolve) => { setTimeout(resolve, waitMs); signal.addEventListener('abort', resolve) })
     const { sub, via = '', iss } = caller
     return { sub, via, iss, correlationId: correlation.correlationId, traceId: correlation.traceparent.slice(3, 35) }`,
  ),
  'functions/ask/contract.ts': contractOf(
    'ask',
    `method: 'POST', path: '/v1/asks', body: z.object({ waitMs: z.int() }), access: {}, timeoutMs: 10_000,
     reply: { status: 200, body: z.object({ seen: ${ANSWER}, traceId: z.string(), upstreams: z.string() }) },
     failures: { not_answered: 422 }, calls: ['answer'],
     emits: { 'thing.asked': z.object({ waitMs: z.int() }) },`,
  ),
  'functions/ask/handler.ts': handlerOf(
    'sql: postgres, call: services({ answer })',
    '{ body }, { call, emit, fail, correlation }',
    `const answered = await call.answer({ body })
     if (!answered.ok) throw fail('not_answered', answered.message)
     await emit('thing.asked', body)
     return { seen: answered.data, traceId: correlation.traceparent.slice(3, 35), upstreams: String(process.env.EBB_UPSTREAM_TEMPLATE) }`,
  ),
  'functions/hear/contract.ts': contractOf('hear', `on: thingAsked, calls: ['answer'],`, 'subscriber'),
  'functions/hear/handler.ts': handlerOf(
    'sql: postgres, call: services({ answer })',
    '{ data }, { sql, call }',
    `const answered = await call.answer({ body: data })
     if (!answered.ok) throw answered
     const { via, iss, sub } = answered.data
     await sql\`insert into heard values (\${via}, \${iss}, \${sub})\``,
  ),
  'functions/list-heard/contract.ts': contractOf(
    'list-heard',
    `method: 'GET', path: '/v1/heard', access: {},
     reply: { status: 200, body: z.object({ heard: z.array(z.object({ via: z.string(), iss: z.string(), sub: z.string() })) }) },`,
  ),
  'functions/list-heard/handler.ts': handlerOf(
    'sql: postgres',
    '_input, { sql }',
    'return { heard: await sql`select * from heard` }',
  ),
  'functions/intrude/contract.ts': contractOf(
    'intrude',
    `method: 'POST', path: '/v1/intrusions', body: z.object({ url: z.string() }), access: {},
     reply: { status: 200, body: z.object({ status: z.int(), knows: z.boolean() }) },`,
  ),
  'functions/intrude/handler.ts': handlerOf(
    'http',
    '{ body: { url } }, { http }',
    `const { status } = await http.post(url, { json: { waitMs: 0 } })
     return { status, knows: process.env.EBB_UPSTREAM_TEMPLATE !== undefined }`,
  ),
  ...Object.fromEntries(
    ['answer', 'ask', 'hear', 'intrude', 'list-heard'].map((name) => [`functions/${name}/index.ts`, index]),
  ),
}

const TRACE = 'c1'.repeat(16)
const closers: (() => Promise<unknown>)[] = []
let ebb: TestEbb
let key = ''
beforeAll(async () => {
  const { root, remove } = await copyCheckout()
  closers.push(remove)
  await emptyProject(root)
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  ebb = await startEbb({ root, dataDir: join(root, '.ebb') })
  closers.push(ebb.stop)
  const made = await fetch(new URL('/v1/keys', ebb.ready.admin), {
    method: 'POST',
    headers: { authorization: `Bearer ${ebb.ready.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: 'ada', scopes: [] }),
  })
  key = ((await made.json()) as { token: string }).token
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const instancesOf = async (name: string) =>
  (await ebb.functions()).find((one) => one.name === name)?.instances ?? Number.NaN
const ask = async (waitMs: number) => {
  const headers = { traceparent: `00-${TRACE}-${'c2'.repeat(8)}-01`, 'x-correlation-id': 'the-click-of-ada' }
  const response = await ebb.call('POST', '/v1/asks', { key, headers, body: { waitMs } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('an internal call on the laptop', () => {
  it("starts the called function from zero, in one trace, with the caller's identity", async () => {
    expect([await instancesOf('ask'), await instancesOf('answer')]).toEqual([0, 0])
    const { status, body } = await ask(0)
    const seen = { sub: 'ada', via: 'ask', iss: 'ebb:gateway', correlationId: 'the-click-of-ada', traceId: TRACE }
    expect([status, body]).toEqual([200, { seen, traceId: TRACE, upstreams: expect.stringContaining('/{name}') }])
  })

  it("is the relay's where an event leads to it", async () => {
    const heard = async () => {
      const response = await ebb.call('GET', '/v1/heard', { key })
      return ((await response.json()) as { heard: readonly object[] }).heard
    }
    await untilTrue(async () => (await heard()).length === 1, { what: 'the event is heard' })
    expect(await heard()).toEqual([{ via: 'hear', iss: 'ebb:relay', sub: 'relay' }])
  })

  it('holds the deadline of the outer call, with the start of an instance in it', async () => {
    await untilTrue(async () => (await instancesOf('answer')) === 0, { what: 'answer is at zero' })
    const startedAt = performance.now()
    const { status, body } = await ask(120_000)
    expect([status, body.error]).toEqual([504, 'deadline_exceeded'])
    const tookMs = performance.now() - startedAt
    expect(tookMs).toBeGreaterThan(9_000)
    expect(tookMs).toBeLessThan(45_000)
  })

  it('fails as the called contract says', async () => {
    const { status, body } = await ask(-1)
    expect([status, body.error, body.message]).toEqual([422, 'not_answered', 'There is none.'])
  })

  it('has no route from outside, and is in no document', async () => {
    const unknown = await ebb.call('POST', '/v1/nothing', { key, body: { waitMs: 0 } })
    const internal = await ebb.call('POST', '/v1/answers', { key, body: { waitMs: 0 } })
    const shapeOf = async (response: Response) => {
      const { error, message } = (await response.json()) as Record<string, unknown>
      return [response.status, error, message]
    }
    expect(await shapeOf(internal)).toEqual(await shapeOf(unknown))
    expect(internal.status).toBe(404)
    const document = JSON.stringify(await (await ebb.call('GET', '/openapi.json')).json())
    expect(document).toContain('/v1/asks')
    expect(document).not.toMatch(/\/v1\/answers|no_answer/)
  })

  it('is refused where another function makes it that does not declare it, which does not know the way either', async () => {
    const { body } = await ask(0)
    const url = `${String(body.upstreams).replace('{name}', 'answer')}/v1/answers`
    const response = await ebb.call('POST', '/v1/intrusions', { key, body: { url } })
    expect(await response.json()).toEqual({ status: 401, knows: false })
  })
})
