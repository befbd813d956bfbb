import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { applyPatch, endpoint, jsonPatch, mergePatch } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const Note = z.object({ text: z.string().min(1), tags: z.array(z.string()).max(3).optional() })
const path = '/v1/notes/{id}'
const params = z.object({ id: z.string() })
const bare = { summary: 'A note.', path, params, access: { scopes: ['notes:write'] } } as const
interface Row {
  readonly version: number
  readonly note: z.infer<typeof Note>
}

const getNote = endpoint({
  ...{ ...bare, name: 'get-note', method: 'GET', reply: { status: 200, body: Note }, conditional: true },
  failures: { note_not_found: 404 },
})
const patchNote = endpoint({
  ...{ ...bare, name: 'patch-note', method: 'PATCH', conditional: true },
  body: z.union([mergePatch(Note), jsonPatch({ maxOperations: 3 })]),
  reply: { status: 200, body: Note },
  failures: { note_not_found: 404 },
})
const putNote = endpoint({
  ...{ ...bare, name: 'put-note', method: 'PUT', conditional: true, body: Note },
  reply: [
    { status: 201, body: Note },
    { status: 200, body: Note },
  ],
})
const deleteNote = endpoint({
  ...{ ...bare, name: 'delete-note', method: 'DELETE', reply: { status: 204 }, conditional: 'optional' },
})

const get = testFunction(
  implement(getNote, { sql: postgres }, async ({ params: { id } }, { sql, etag, fail }) => {
    const row = await sql.one<Row>`select version, note from notes where id = ${id}`
    if (id === 'forgotten') return { text: 'x' }
    if (!row) throw fail('note_not_found', 'There is no such note.')
    etag(row.version)
    return row.note
  }),
)
const patch = testFunction(
  implement(patchNote, { sql: postgres }, async ({ params: { id }, body }, { sql, etag, requireMatch, fail }) => {
    const row = await sql.one<Row>`select version, note from notes where id = ${id} for update`
    if (!row) throw fail('note_not_found', 'There is no such note.')
    await sql`update notes set touched = true where id = ${id}`
    if (id === 'forgotten') return row.note
    try {
      requireMatch(row.version)
    } catch (error) {
      if (id !== 'caught') throw error
    }
    const next = applyPatch(Note, row.note, body)
    await sql`update notes set note = ${next}, version = version + 1 where id = ${id}`
    etag(row.version + 1)
    return next
  }),
)
const put = testFunction(
  implement(putNote, { sql: postgres }, async ({ params: { id }, body }, { sql, etag, requireMatch, reply }) => {
    const row = await sql.one<Row>`select version, note from notes where id = ${id} for update`
    requireMatch(row?.version)
    const version = (row?.version ?? 0) + 1
    await sql`insert into notes (id, note, version) values (${id}, ${body}, ${version})
      on conflict (id) do update set note = excluded.note, version = excluded.version`
    etag(version)
    return row ? reply(200, body) : reply(201, body)
  }),
)
const remove = testFunction(
  implement(deleteNote, { sql: postgres }, async ({ params: { id } }, { sql, requireMatch }) => {
    const row = await sql.one<Row>`select version from notes where id = ${id} for update`
    requireMatch(row?.version)
    await sql`delete from notes where id = ${id}`
  }),
)

const STORED = '{"text":"hi","tags":["a"],"owner":"ada"}'
const reset = (fn: typeof patch) =>
  fn.query(`insert into notes select id, '${STORED}', 3 from unnest('{7,caught,forgotten}'::text[]) as id
    on conflict (id) do update set note = excluded.note, version = 3, touched = false`)

beforeAll(async () => {
  for (const fn of [get, patch, put, remove]) {
    await fn.query(
      'create table notes (id text primary key, note jsonb not null, version int not null, touched boolean default false)',
    )
    await reset(fn)
  }
})
beforeEach(() => reset(patch))
const as = (fn: typeof get) => fn.as({ sub: 'ada', scopes: ['notes:write'] })
const MERGE = 'application/merge-patch+json'

describe('a GET shows its version', () => {
  it('200 with a strong ETag', async () => {
    const { status, headers, body } = await (await as(get)).get('/v1/notes/7')
    expect([status, headers.etag, body]).toEqual([200, '"3"', { text: 'hi', tags: ['a'] }])
  })

  it.each(['"3"', 'W/"3"', '"1", "3"', '*', '"1","2" , W/"3"'])(
    '304 without a body for If-None-Match: %s',
    async (value) => {
      const { status, headers, text } = await (await as(get)).get('/v1/notes/7').set('If-None-Match', value)
      expect([status, headers.etag, text, headers['content-type']]).toEqual([304, '"3"', '', undefined])
    },
  )

  it.each(['"2"', '"33"', '"1","2"'])('200 for If-None-Match: %s', async (value) => {
    expect((await (await as(get)).get('/v1/notes/7').set('If-None-Match', value)).status).toBe(200)
  })

  it.each(['3', '"3', 'W/3', '', '"a b"'])('400 for %j, which is no entity tag', async (value) => {
    const { status, body } = await (await as(get)).get('/v1/notes/7').set('If-None-Match', value)
    expect([status, body.details?.[0]?.path]).toEqual([400, 'headers.if-none-match'])
  })

  it('412 for an If-Match with another one', async () => {
    expect((await (await as(get)).get('/v1/notes/7').set('If-Match', '"2"')).status).toBe(412)
  })

  it('404 whatever the condition, and 500 where the handler says no version', async () => {
    expect((await (await as(get)).get('/v1/notes/8').set('If-None-Match', '*')).status).toBe(404)
    expect((await (await as(get)).get('/v1/notes/forgotten')).status).toBe(500)
  })
})

describe('a write is about a version', () => {
  const change = async (headers: object, id = '7') =>
    (await as(patch))
      .patch(`/v1/notes/${id}`)
      .set({ 'content-type': MERGE, ...headers })
      .send('{"text":"new"}')

  it.each(['"3"', '*', '"1", "3"', ' "3" ,'])('200 for If-Match: %s, and the next ETag', async (value) => {
    const { status, headers, body } = await change({ 'If-Match': value })
    expect([status, headers.etag, body]).toEqual([200, '"4"', { text: 'new', tags: ['a'] }])
  })

  it.each([
    [412, 'another version', '7', { 'If-Match': '"2"' }],
    [412, 'a weak tag, which promises too little', '7', { 'If-Match': 'W/"3"' }],
    [412, 'one that must not be there', '7', { 'If-None-Match': '*' }],
    [412, 'one that must not be this one', '7', { 'If-None-Match': 'W/"3"' }],
    [412, 'a refusal that the handler caught', 'caught', { 'If-Match': '"2"' }],
    [428, 'no condition', '7', {}],
    [400, 'a condition that is none', '7', { 'If-Match': '3' }],
    [500, 'a handler that does not compare', 'forgotten', { 'If-Match': '"3"' }],
  ])('%d for %s, with no effect', async (status, _, id, headers) => {
    expect((await change(headers, id)).status).toBe(status)
    expect(await patch.query('select version, touched from notes where id = $1', [id])).toEqual([
      { version: 3, touched: false },
    ])
  })

  it('of two at once, one wins', async () => {
    const both = await Promise.all([change({ 'If-Match': '"3"' }), change({ 'If-Match': '"3"' })])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
  })

  it('201 creates with If-None-Match: *, and 412 the second time', async () => {
    const create = async () => (await as(put)).put('/v1/notes/new').set('If-None-Match', '*').send({ text: 'x' })
    const [first, second] = [await create(), await create()]
    expect([first.status, first.headers.etag, second.status]).toEqual([201, '"1"', 412])
  })

  it('412 for an If-Match with what is not there', async () => {
    for (const value of ['*', '"1"'])
      expect((await (await as(put)).put('/v1/notes/none').set('If-Match', value).send({ text: 'x' })).status).toBe(412)
  })

  it('204 without a condition where it is optional, and 412 with a wrong one', async () => {
    expect((await (await as(remove)).delete('/v1/notes/7').set('If-Match', '"2"')).status).toBe(412)
    expect((await (await as(remove)).delete('/v1/notes/7')).status).toBe(204)
  })
})

describe('a PATCH changes what it names', () => {
  const change = async (body: unknown) =>
    (await as(patch)).patch('/v1/notes/7').set({ 'content-type': MERGE, 'If-Match': '*' }).send(JSON.stringify(body))

  it.each([
    ['a member', { text: 'b' }, { text: 'b', tags: ['a'] }],
    ['a list as a whole', { tags: ['b', 'c'] }, { text: 'hi', tags: ['b', 'c'] }],
    ['one that is deleted', { tags: null }, { text: 'hi' }],
    ['nothing', {}, { text: 'hi', tags: ['a'] }],
    [
      'step by step',
      [
        { op: 'test', path: '/text', value: 'hi' },
        { op: 'add', path: '/tags/-', value: 'b' },
        { op: 'move', from: '/tags/0', path: '/text' },
      ],
      { text: 'a', tags: ['b'] },
    ],
  ])('200 for %s', async (_, body, expected) => {
    const response = await change(body)
    expect([response.status, response.body]).toEqual([200, expected])
  })

  it.each([
    [400, 'null for what must be there', { text: null }],
    [400, 'a member that is unknown', { colour: 'red' }],
    [400, '__proto__', JSON.parse('{"__proto__":{"x":1}}')],
    [400, 'too many operations', Array(4).fill({ op: 'remove', path: '/tags' })],
    [400, 'an operation that there is not', [{ op: 'spam', path: '/tags' }]],
    [400, 'a path that is no pointer', [{ op: 'remove', path: 'tags' }]],
    [400, 'an addition of nothing', [{ op: 'add', path: '/tags' }]],
    [422, 'a test that fails', [{ op: 'test', path: '/text', value: 'ho' }]],
    [422, 'a place that is not there', [{ op: 'remove', path: '/tags/1' }]],
    [422, 'what the schema does not have', [{ op: 'add', path: '/owner', value: 'eve' }]],
    [422, 'what is stored beside it', [{ op: 'replace', path: '/owner', value: 'eve' }]],
    [422, 'a prototype', [{ op: 'add', path: '/__proto__/x', value: 1 }]],
    [422, 'one as a member', [{ op: 'add', path: '/__proto__', value: { x: 1 } }]],
    [422, 'a result that breaks the schema', [{ op: 'replace', path: '/text', value: '' }]],
    [422, 'one that lacks what must be there', [{ op: 'remove', path: '/text' }]],
    [422, 'too many tags in the end', [{ op: 'replace', path: '/tags', value: ['a', 'b', 'c', 'd'] }]],
  ])('%d for %s, with no effect', async (status, _, body) => {
    const response = await change(body)
    expect([response.status, response.body.details?.length > 0]).toEqual([status, true])
    expect(await patch.query(`select version, touched from notes where id = '7'`)).toEqual([
      { version: 3, touched: false },
    ])
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })
})
