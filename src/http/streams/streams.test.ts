import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint, stream } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'

const ada = { sub: 'ada' }

/** Writes a row for each line, and behaves as its first line says. */
const upload = testFunction(
  implement(
    endpoint({
      ...{ name: 'import-lines', summary: 'Import lines.', method: 'POST', path: '/v1/lines', access: {} },
      body: stream({ type: ['text/csv', 'image/*'], maxBytes: 1_000_000 }),
      reply: { status: 200, body: z.object({ bytes: z.int(), type: z.string(), announced: z.int().optional() }) },
    }),
    { sql: postgres },
    async ({ body }, { sql }) => {
      let bytes = 0
      for await (const chunk of body) {
        bytes += chunk.length
        const [line = ''] = chunk.toString().split('\n')
        await sql`insert into lines (text) values (${line})`
        if (line === 'early') break
      }
      const { type, announcedBytes } = body
      return { bytes, type, ...(announcedBytes === undefined ? {} : { announced: announcedBytes }) }
    },
  ),
)

const seen = { closed: 0, aborted: 0 }

const rows = testFunction(
  implement(
    endpoint({
      ...{ name: 'list-rows', summary: 'List rows.', method: 'GET', path: '/v1/rows/{mode}' },
      params: z.object({ mode: z.string() }),
      access: { anonymous: true },
      reply: { status: 200, stream: { type: 'application/x-ndjson', item: z.object({ n: z.int() }) } },
      failures: { refused: 409 },
    }),
    { sql: postgres },
    async ({ params: { mode } }, { sql, fail, signal }) => {
      if (mode === 'refuse') throw fail('refused', 'Not today.')
      signal.addEventListener('abort', () => seen.aborted++)
      async function* items() {
        try {
          if (mode === 'break-first') throw new Error('before the first')
          for (let n = 0; n < (mode === 'endless' ? Infinity : 3); n++) {
            const [row] = await sql<{ n: number; more: number }>`select ${n}::int as n, 7 as more`
            yield { ...row, n: mode === 'bad' && n === 1 ? 'x' : n } as { n: number }
            if (mode === 'break' && n === 1) throw new Error('in the middle')
            if (mode === 'write') await sql`insert into lines (text) values ('written')`
          }
        } finally {
          seen.closed++
        }
      }
      return items()
    },
  ),
)

const bytes = testFunction(
  implement(
    endpoint({
      ...{ name: 'get-bytes', summary: 'Get bytes.', method: 'GET', path: '/v1/bytes', access: {} },
      reply: { status: 200, stream: { type: 'text/csv' } },
    }),
    {},
    async () => Readable.from([Buffer.from('a,b\n'), 'c,d\n']),
  ),
)

beforeAll(async () => {
  await upload.query('create table lines (text text)')
  await rows.query('create table lines (text text)')
})

async function send(body: Iterable<string>, headers: Record<string, string> = {}) {
  const call = httpRequest(`${await upload.address()}/v1/lines`, {
    method: 'POST',
    headers: { ...(await upload.headers(ada)), 'content-type': 'text/csv', ...headers },
  })
  const responding = once(call, 'response') as Promise<[IncomingMessage]>
  for (const chunk of body) call.write(chunk)
  return { call, responding }
}
const linesOf = async (fn: typeof upload, text: string) =>
  (await fn.query('select from lines where text = $1', [text])).length

describe('a streamed body', () => {
  it('200 reaches the handler as it comes, and what that writes is committed before the reply', async () => {
    const agent = await upload.as(ada)
    const response = await agent.post('/v1/lines').set('content-type', 'text/csv; charset=utf-8').send('one\n')
    expect([response.status, response.body]).toEqual([200, { bytes: 4, type: 'text/csv', announced: 4 }])
    expect(await linesOf(upload, 'one')).toBe(1)
  })

  it('200 for each of its types', async () => {
    const agent = await upload.as(ada)
    const response = await agent.post('/v1/lines').set('content-type', 'image/png').send(Buffer.from('png'))
    expect([response.status, response.body.type]).toEqual([200, 'image/png'])
  })

  it('415 for another type, 413 for more bytes than the contract allows', async () => {
    const agent = await upload.as(ada)
    const other = await agent.post('/v1/lines').set('content-type', 'text/plain').send('x')
    expect([other.status, other.body.message]).toEqual([415, 'Send the body as text/csv or image/*.'])
    const large = await agent.post('/v1/lines').set('content-type', 'text/csv').send('x'.repeat(1_000_001))
    expect(large.status).toBe(413)
  })

  it('413 where it turns out to be too large, and nothing of it is stored', async () => {
    const { call, responding } = await send(['too-large\n', 'x'.repeat(1_000_001)])
    const [response] = await responding
    expect(response.statusCode).toBe(413)
    call.destroy()
    expect(await linesOf(upload, 'too-large')).toBe(0)
  })

  it('200 where the handler does not read all of it, and the connection closes', async () => {
    const { call, responding } = await send(['early\n'])
    const [response] = await responding
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
    expect(await linesOf(upload, 'early')).toBe(1)
    call.destroy()
  })

  it('nothing is stored of a body that breaks off', async () => {
    const { call, responding } = await send(['broken\n'])
    responding.catch(() => {})
    call.on('error', () => {})
    const running = `select from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`
    await untilTrue(async () => (await upload.query(running)).length > 0)
    call.destroy()
    await untilTrue(async () => (await upload.query(running)).length === 0)
    expect(await linesOf(upload, 'broken')).toBe(0)
  })
})

async function get(fn: typeof upload, path: string) {
  const call = httpRequest(`${await fn.address()}${path}`, { headers: await fn.headers(ada) }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return { call, response }
}

describe('a streamed reply', () => {
  it('200 sends each item as a line of JSON, without what its schema does not name', async () => {
    const { response } = await get(rows, '/v1/rows/all')
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/x-ndjson'])
    expect(await text(response)).toBe('{"n":0}\n{"n":1}\n{"n":2}\n')
  })

  it('200 sends bytes and texts as they are', async () => {
    const { response } = await get(bytes, '/v1/bytes')
    expect([response.headers['content-type'], await text(response)]).toEqual(['text/csv', 'a,b\nc,d\n'])
  })

  it('200 without a body for HEAD', async () => {
    const agent = await bytes.as(ada)
    const response = await agent.head('/v1/bytes')
    expect([response.status, response.headers['content-type'], response.text]).toEqual([200, 'text/csv', undefined])
  })

  it('409 for a declared failure, 500 for what breaks before the first item', async () => {
    const refused = await get(rows, '/v1/rows/refuse')
    expect([refused.response.statusCode, JSON.parse(await text(refused.response)).error]).toEqual([409, 'refused'])
    const broken = await get(rows, '/v1/rows/break-first')
    expect(broken.response.statusCode).toBe(500)
    broken.response.resume()
  })

  it.each(['break', 'bad', 'write'])(
    'breaks off, never well-formed, where it goes wrong in the middle: %s',
    async (mode) => {
      const { response } = await get(rows, `/v1/rows/${mode}`)
      expect(response.statusCode).toBe(200)
      await expect(text(response)).rejects.toThrow('aborted')
      expect(await linesOf(rows, 'written')).toBe(0)
    },
  )

  it('waits for a slow reader, and ends the handler where the reader hangs up', async () => {
    const { closed, aborted } = seen
    const { call, response } = await get(rows, '/v1/rows/endless')
    const [first] = (await once(response, 'data')) as [Buffer]
    expect(first.toString()).toMatch(/^\{"n":0\}\n/)
    call.destroy()
    await untilTrue(() => seen.closed > closed && seen.aborted > aborted)
    const running = `select from pg_stat_activity where state = 'active' and datname = current_database() and pid <> pg_backend_pid()`
    await untilTrue(async () => (await rows.query(running)).length === 0)
  })
})
