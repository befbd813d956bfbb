import { request as httpRequest } from 'node:http'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint, Problem } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { JSON_AT_LIMIT } from '../../test/support/json-at-limit.ts'
import { untilTrue } from '../../test/support/until.ts'

const Note = z.object({ text: z.string(), mode: z.string() })

/** One function whose handler misbehaves as the request asks it to, for as long as it may. */
const writeNote = (timeoutMs: number) => {
  const contract = endpoint({
    name: 'write-note',
    summary: 'Writes a note, and then behaves as its mode says.',
    method: 'POST',
    path: '/v1/notes',
    body: Note,
    reply: { status: 201, body: z.object({ text: z.string() }) },
    failures: { refused: 409, busy: 503 },
    access: {},
    idempotent: true,
    emits: { 'note.written': z.object({ text: z.string() }) },
    timeoutMs,
  })

  return implement(contract, { sql: postgres }, async ({ body }, { sql, emit, fail }) => {
    const { text, mode } = body
    await sql`insert into notes (text) values (${text})`
    await emit('note.written', { text })
    if (mode === 'refuse') throw fail('refused', 'Not today.')
    if (mode === 'break') throw new Error('a secret inside')
    if (mode === 'forget-throw') fail('refused', 'Not today.')
    const headers = { wide: { 'x-why': '\u2603' }, long: { 'x-why': 'x'.repeat(20_000) }, named: { 'x why': '' } }[mode]
    if (headers) throw new Problem('refused', 409, 'Not today.', { headers })
    if (mode === 'busy') throw fail('busy', 'In a moment.')
    if (mode === 'foreign') throw new Problem('not_declared', 409, 'Not mine.')
    if (mode === 'sleep') await sql`select pg_sleep(30)`
    if (mode === 'nap') await sql`select pg_sleep(0.3)`
    if (mode === 'swallow') await sql`select 1 / 0`.catch(() => {})
    if (mode === 'forget-await') void emit('note.written', { text: 7 as never })
    if (mode === 'bad-reply') return { text: 7 } as never
    return { text }
  })
}

/** Long enough for a request that is meant to be answered, on any busy machine. */
const fn = testFunction(writeNote(60_000))
const hurried = testFunction(writeNote(1_000))
const ada = { sub: 'ada' }

beforeAll(async () => {
  for (const one of [fn, hurried]) await one.query('create table notes (text text)')
})

const count = async (table: string, text: string, of = fn) => {
  const column = table === 'notes' ? 'text' : "payload->>'text'"
  const [row] = await of.query<{ n: number }>(`select count(*)::int as n from ${table} where ${column} = $1`, [text])
  return row?.n
}
const ACTIVE = `select pid from pg_stat_activity where state = 'active' and datname = current_database() and pid <> pg_backend_pid()`
const sleepers = async (of = fn) => (await of.query(`${ACTIVE} and query like '%pg_sleep(30)%'`)).length

const write = async (text: string, mode: string, key = text, of = fn) => {
  const caller = await of.as(ada)
  return caller.post('/v1/notes').set('Idempotency-Key', key).send({ text, mode })
}

describe('a request is one transaction', () => {
  it('201 commits the row, the event and the stored response together', async () => {
    const response = await write('plain', 'plain')
    expect(response.status).toBe(201)
    expect([await count('notes', 'plain'), await count('ebb.outbox', 'plain')]).toEqual([1, 1])
  })

  it('409 for a declared failure rolls back the rows and the events, and is replayed', async () => {
    const [first, second] = [await write('refused', 'refuse'), await write('refused', 'refuse')]
    expect([first.status, first.body.error]).toEqual([409, 'refused'])
    expect(second.text).toBe(first.text)
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect([await count('notes', 'refused'), await count('ebb.outbox', 'refused')]).toEqual([0, 0])
  })

  it('409 for a failure whose `throw` was forgotten', async () => {
    const response = await write('unthrown', 'forget-throw')
    expect([response.status, response.body.error]).toEqual([409, 'refused'])
    expect(await count('notes', 'unthrown')).toBe(0)
  })

  it('503 for a transient declared failure is not stored, so that the same key succeeds later', async () => {
    const first = await write('busy', 'busy')
    expect([first.status, first.body.error]).toEqual([503, 'busy'])
    expect((await write('busy', 'busy')).headers['idempotency-replayed']).toBeUndefined()
    expect((await write('busy', 'plain')).status).toBe(201)
  })

  for (const mode of ['break', 'foreign', 'bad-reply', 'swallow', 'forget-await', 'wide', 'long', 'named']) {
    it(`500 for "${mode}" leaves nothing, says nothing of the inside, and frees the key`, async () => {
      const response = await write(mode, mode)
      expect(response.status).toBe(500)
      expect(response.headers['content-type']).toBe('application/problem+json')
      expect(response.body).toMatchObject({ status: 500, error: 'internal', correlationId: expect.any(String) })
      expect(response.text).not.toMatch(/secret|zero|not_declared/)
      expect([await count('notes', mode), await count('ebb.outbox', mode)]).toEqual([0, 0])
      expect((await write(mode, 'plain', `${mode}`)).status).toBe(201)
    })
  }

  it('504 at the deadline cancels the statement and leaves nothing', async () => {
    const response = await write('late', 'sleep', 'late', hurried)
    expect([response.status, response.body.error]).toEqual([504, 'deadline_exceeded'])
    expect(await count('notes', 'late', hurried)).toBe(0)
    await untilTrue(async () => (await sleepers(hurried)) === 0)
  })

  it('499 when the caller hangs up rolls back', async () => {
    const address = await fn.address()
    const headers = { ...(await fn.headers(ada)), 'content-type': 'application/json', 'idempotency-key': 'gone' }
    const request = httpRequest(`${address}/v1/notes`, { method: 'POST', headers })
    request.on('error', () => {})
    request.end(JSON.stringify({ text: 'gone', mode: 'sleep' }))
    await untilTrue(async () => (await sleepers()) === 1)
    request.destroy()
    await untilTrue(async () => (await sleepers()) === 0)
    expect(await count('notes', 'gone')).toBe(0)
    expect((await write('gone', 'plain')).status).toBe(201)
  })

  it('503 outcome_unknown when the connection breaks while it commits', async () => {
    await fn.query(`
      create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return new; end $$;
      create constraint trigger linger after insert on notes deferrable initially deferred
        for each row when (new.text = 'unknown') execute function linger()`)
    const writing = write('unknown', 'plain')
    const committing = async () => (await fn.query<{ pid: number }>(`${ACTIVE} and query ilike 'commit%'`))[0]?.pid
    await untilTrue(async () => (await committing()) !== undefined)
    await fn.query('select pg_terminate_backend($1)', [await committing()])
    const response = await writing
    expect([response.status, response.body.error]).toEqual([503, 'outcome_unknown'])
    expect(response.headers['retry-after']).toBeDefined()
  })
})

describe('one key, many requests', () => {
  it('has one effect; the others get 409 with Retry-After or the one response, and other callers are served', async () => {
    const many = Array.from({ length: 50 }, () => write('crowd', 'nap'))
    const others = await Promise.all(Array.from({ length: 10 }, (_, i) => write(`other-${i}`, 'plain')))
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 201))
    const responses = await Promise.all(many)
    const created = responses.filter(({ status }) => status === 201)
    const busy = responses.filter(({ status }) => status === 409)
    expect(created.length).toBeGreaterThan(0)
    expect(created.length + busy.length).toBe(50)
    expect(new Set(created.map(({ text }) => text)).size).toBe(1)
    for (const { body, headers } of busy) {
      expect(body.error).toBe('in_progress')
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
    expect([await count('notes', 'crowd'), await count('ebb.outbox', 'crowd')]).toEqual([1, 1])
  })

  it('422 for another request', async () => {
    await write('mine', 'plain', 'shared-key')
    const response = await write('yours', 'plain', 'shared-key')
    expect([response.status, response.body.error]).toEqual([422, 'idempotency_mismatch'])
    expect(await count('notes', 'yours')).toBe(0)
  })

  it('201 for another caller with the same key', async () => {
    const bob = await fn.as({ sub: 'bob' })
    await bob.post('/v1/notes').set('Idempotency-Key', 'shared-key').send({ text: 'bob', mode: 'plain' }).expect(201)
  })
})

describe('bad input', () => {
  const post = async (body: string | Buffer, type = 'application/json') => {
    const caller = await fn.as(ada)
    return caller
      .post('/v1/notes')
      .set('Idempotency-Key', 'bad')
      .set('content-type', type)
      .send(body as string)
  }

  it.each([
    ['malformed JSON', '{"text": "a", '],
    ['a name that comes twice', '{"text":"a","text":"b","mode":"plain"}'],
    ['__proto__', '{"text":"a","mode":"plain","__proto__":{}}'],
    ['too deep', `{"text":${'['.repeat(40)}${']'.repeat(40)},"mode":"plain"}`],
    ['too long an array', `{"text":[${'1,'.repeat(10_000)}1],"mode":"plain"}`],
    ['the character U+0000', '{"text":"a\\u0000b","mode":"plain"}'],
    ['no body', ''],
    ['an unknown name', '{"text":"a","mode":"plain","x":1}'],
  ])('400 for %s', async (_, body) => {
    const response = await post(body)
    expect([response.status, response.body.error]).toEqual([400, 'invalid_request'])
    expect(response.body.details.length).toBeGreaterThan(0)
  })

  it.each(JSON_AT_LIMIT)('400 for more $what than any body may have', async ({ most, over, message }) => {
    const response = await post(JSON.stringify(over))
    expect([response.status, response.body.details]).toEqual([400, [{ path: 'body', message }]])
    const other = await post(JSON.stringify(most))
    expect(other.body.details).toContainEqual({ path: 'body.more', message: 'Unknown key' })
  })

  it('413 for a body beyond 1 MiB', async () => {
    const response = await post(JSON.stringify({ text: 'x'.repeat(1024 * 1024), mode: 'plain' }))
    expect(response.status).toBe(413)
  })

  it('201 for a caller with 100 long scopes and as many headers as the gateway lets through', async () => {
    const scopes = Array.from({ length: 100 }, (_, i) => `${'s'.repeat(137)}:${i}`)
    const caller = await fn.as({ sub: 'many', scopes })
    const headers = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`x-${i}`, 'a'.repeat(200)]))
    const note = { text: 'long', mode: 'plain' }
    await caller
      .post('/v1/notes')
      .set({ ...headers, 'idempotency-key': 'many' })
      .send(note)
      .expect(201)
  })

  it('404 for another path, and for the same with a slash or in capitals', async () => {
    const caller = await fn.as(ada)
    for (const path of ['/v1/nothing', '/v1/notes/', '/V1/notes']) await caller.post(path).send({}).expect(404)
  })
})

describe('every response', () => {
  it('keeps a well-formed correlation id and makes one otherwise', async () => {
    const caller = await fn.as(ada)
    const kept = await caller.get('/nowhere').set('x-correlation-id', 'click-12345678')
    expect([kept.headers['x-correlation-id'], kept.body.correlationId]).toEqual(['click-12345678', 'click-12345678'])
    const made = await caller.get('/nowhere').set('x-correlation-id', 'no spaces allowed')
    expect(made.body.correlationId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('204 for health and readiness', async () => {
    const stranger = await fn.unsigned()
    await stranger.get('/_/health').expect(204)
    await stranger.get('/_/ready').expect(204)
  })
})
