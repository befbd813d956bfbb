import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import supertest from 'supertest'
import * as z from 'zod'
import { createLog, parseConfig } from '../../kernel/index.ts'
import { createApp } from '../app.ts'
import type { Implementation } from '../implement.ts'
import { openResources } from '../resources.ts'

const first = event({ type: 'user.created', data: z.object({ name: z.string() }) })
const second = event({
  ...{ type: 'user.created', version: 2, data: z.object({ given: z.string(), family: z.string().max(20) }) },
  upcast: { from: first, data: ({ name }) => ({ given: name.split(' ')[0] ?? '', family: name.split(' ')[1] ?? '' }) },
})
const greet = implement(
  subscriber({ name: 'greet', summary: 'Greets.', on: second, failures: { unwanted: 422 } }),
  { sql: postgres },
  async ({ event: { id, subject = '' }, data: { given, family } }, { sql, fail }) => {
    await sql`insert into greeted values (${id}, ${`${given}, ${family}`}, ${subject})`
    if (given === 'Nobody') throw fail('unwanted', 'Nobody is greeted.')
    if (given === 'Chaos') throw new Error('on purpose')
  },
)

// Hooks run in the order in which they are declared: the connections are closed before the database is dropped.
let close = async () => {}
afterAll(() => close())
const database = testDatabase()
const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 })
const server = createServer()
const log = createLog({ level: 'silent' })

beforeAll(async () => {
  await owner.query('create table greeted (id text, name text, subject text)')
  const resources = openResources(greet.uses, parseConfig({ DATABASE_URL: database.url }), log)
  const verify = () => ({ iss: 'ebb:relay' as const, sub: 'relay', scopes: [] })
  server.on('request', createApp(greet as unknown as Implementation, { resources, verify, log }))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  close = async () => {
    server.close().closeAllConnections()
    await Promise.all([resources.close(), owner.end()])
  }
})
beforeEach(() => owner.query('truncate greeted, ebb.inbox'))

const post = (type: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  supertest(server)
    .post('/')
    .set({ 'ebb-identity': 'x', 'content-type': type, ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body))
const greeted = async () =>
  (
    await owner.query<{ row: string }>(`select concat_ws('|', id, name, subject) as row from greeted order by id`)
  ).rows.map(({ row }) => row)

const STRUCTURED = 'application/cloudevents+json; charset=utf-8'
const BATCH = 'application/cloudevents-batch+json'
const ada = {
  ...{ specversion: '1.0', id: '1', source: '/shop', type: 'user.created', subject: 'users/1' },
  data: { name: 'Ada Lovelace' },
}
const grace = { ...ada, id: '2', type: 'user.created.v2', data: { given: 'Grace', family: 'Hopper' } }
const nobody = { ...grace, id: '3', data: { given: 'Nobody', family: '' } }
const chaos = { ...grace, id: '4', data: { given: 'Chaos', family: '' } }
const binary = ({ data: _, ...attributes }: typeof ada) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]))

describe('a subscriber of version 2', () => {
  it('204 for version 1, which its upcast makes version 2, and for version 2, in either mode', async () => {
    const third = { ...grace, id: '3' }
    expect((await post(STRUCTURED, ada)).status).toBe(204)
    expect((await post(STRUCTURED, grace)).status).toBe(204)
    expect((await post('application/json', third.data, binary(third as never))).status).toBe(204)
    expect(await greeted()).toEqual(['1|Ada, Lovelace|users/1', '2|Grace, Hopper|users/1', '3|Grace, Hopper|users/1'])
  })

  it('204 for one that came before, whatever the mode, without effect', async () => {
    expect((await post('application/json', ada.data, binary(ada))).status).toBe(204)
    expect((await post(STRUCTURED, ada)).status).toBe(204)
    expect((await post(BATCH, [ada, ada])).status).toBe(204)
    expect(await greeted()).toHaveLength(1)
  })

  it('503 for version 3, which a later revision takes', async () => {
    const { status, body } = await post(STRUCTURED, { ...grace, type: 'user.created.v3' })
    expect([status, body.message]).toEqual([
      503,
      'This is version 3 of user.created, and this revision takes version 2: one that takes it must be rolled out.',
    ])
  })

  it.each([
    ['data that are not of version 1', { ...ada, data: { given: 'Ada' } }, 'data.name'],
    ['data that are not of version 2', { ...grace, data: { given: 'Ada' } }, 'data.family'],
    ['what its upcast makes of version 1', { ...ada, data: { name: `Ada ${'x'.repeat(21)}` } }, 'data.family'],
  ])('400 for %s', async (_what, one, path) => {
    const { status, body } = await post(STRUCTURED, one)
    expect([status, body.details[0].path]).toEqual([400, path])
  })

  it.each(['user.deleted', 'user.created.v0', 'user.created.v01', 'user.created.vx'])('400 for %s', async (type) => {
    const { status, body } = await post(STRUCTURED, { ...ada, type })
    expect([status, body.message]).toEqual([
      400,
      `This event cannot be taken: its type is ${type}, and this function takes user.created.`,
    ])
  })

  it('204 for data as Base64 of JSON, 415 for what is not JSON, 400 for a body that is not', async () => {
    const { data, ...rest } = ada
    const base64 = Buffer.from(JSON.stringify(data)).toString('base64')
    expect((await post(STRUCTURED, { ...rest, data_base64: base64 })).status).toBe(204)
    const other = { ...rest, id: '2', datacontenttype: 'text/xml', data: '<name/>' }
    const { status, body } = await post(STRUCTURED, other)
    expect([status, body.message]).toEqual([415, 'The data of an event are JSON here, and not text/xml.'])
    expect((await post('text/xml', '<name/>', binary(ada))).status).toBe(415)
    expect((await post('application/cloudevents+avro', 'x')).status).toBe(415)
    expect((await post(STRUCTURED, '{"specversion":')).status).toBe(400)
  })
})

describe('a batch', () => {
  it('204 where all are done', async () => {
    expect((await post(BATCH, [ada, grace])).status).toBe(204)
    expect(await greeted()).toHaveLength(2)
    expect((await post(BATCH, [])).status).toBe(204)
  })

  it('503 where one may succeed later, and those that are done have no second effect', async () => {
    const { status, body, headers } = await post(BATCH, [ada, chaos, { ...ada, id: 7 }, grace, nobody])
    expect([status, headers['retry-after'], body.message]).toEqual([
      503,
      '1',
      '2 of 5 events have failed; send the batch again: what is done is not done twice.',
    ])
    expect(body.details).toEqual([
      { path: 'body.1', message: expect.stringMatching(/^internal: Something went wrong here/) },
      { path: 'body.4', message: 'unwanted: Nobody is greeted.' },
    ])
    expect(await greeted()).toEqual(['1|Ada, Lovelace|users/1', '2|Grace, Hopper|users/1', '7|Ada, Lovelace|users/1'])
    expect((await post(BATCH, [ada, grace])).status).toBe(204)
    expect(await greeted()).toHaveLength(3)
  })

  it('400 where all that failed were refused for good, each in its place', async () => {
    const { status, body } = await post(BATCH, ['no event', ada, { ...ada, id: '9', type: 'user.deleted' }])
    expect([status, body.message, body.details.map(({ path }: { path: string }) => path)]).toEqual([
      400,
      '2 of 3 events have failed, for good.',
      ['body.0', 'body.2'],
    ])
    expect(await greeted()).toHaveLength(1)
  })

  it('400 for what is no array, 413 for more than 100', async () => {
    expect((await post(BATCH, ada)).status).toBe(400)
    expect((await post(BATCH, Array(101).fill(ada))).status).toBe(413)
    expect(await greeted()).toEqual([])
  })
})
