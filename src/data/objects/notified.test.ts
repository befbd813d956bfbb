import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { event, receive } from 'ebb/contract'
import { objects, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const Key = z.object({ Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) })) })
const StoredObject = z.object({
  ...{ id: z.uuid(), type: z.string(), bytes: z.int(), sha256: z.string().nullable(), storedAt: z.iso.datetime() },
})

/** Completes the upload that the store tells of, as guide page 44 has it. */
const fn = testFunction(
  implement(
    receive({
      ...{ name: 'take-stored', summary: 'Take what the store says.', path: '/v1/stored', signedBy: ['STORE_TOKEN'] },
      provider: {
        ...{ name: 'store', token: { header: 'authorization', prefix: 'Bearer ' } },
        ...{ id: { body: 'id' }, event: { body: 'EventName' } },
      },
      events: { 's3:ObjectCreated:Put': Key },
      failures: { upload_not_found: 404, upload_incomplete: 503, upload_expired: 410, upload_mismatch: 422 },
      emits: { 'object.stored': event({ type: 'object.stored', data: StoredObject }) },
    }),
    { sql: postgres, objects },
    async ({ data }, { sql, objects, emit }) => {
      for (const { s3 } of data.payload.Records) await objects.complete({ sql, emit }, s3.object.key)
    },
  ),
)

const content = Buffer.from('a picture, more or less')
const tell = (key: string, id: string = randomUUID()) =>
  fn.receive({ event: 's3:ObjectCreated:Put', id, payload: { Records: [{ s3: { object: { key } } }] } })
const eventsOf = (id: string) => fn.query('select type, payload from ebb.outbox where subject = $1', [id])
const stateOf = async (id: string) => (await fn.query('select state from ebb.object where id = $1', [id]))[0]?.state

describe('an upload of which the store tells', () => {
  it('is an object, and one event, however often and by whomever it is told', async () => {
    const id = await fn.upload(content, 'image/png')
    const answers = await Promise.all([tell(id, 'same'), tell(id, 'same'), tell(id), tell(id)])
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill(204))
    expect(await tell(id)).toMatchObject({ status: 204 })
    expect([await stateOf(id), await eventsOf(id)]).toEqual([
      'stored',
      [{ type: 'object.stored', payload: expect.objectContaining({ id, type: 'image/png', bytes: content.length }) }],
    ])
  })

  it.each<[string, number, string]>([
    ['of another checksum', 422, `update ebb.object set sha256 = repeat('0', 64) where id = $1`],
    ['of another type', 422, `update ebb.object set type = 'image/webp' where id = $1`],
    ['of another size', 422, `update ebb.object set bytes = 24 where id = $1`],
    ['whose time is over', 410, `update ebb.object set expires_at = now() where id = $1`],
    // A handler's `put` is at work: it makes the object itself, and tells of it.
    ['that a handler writes', 404, `update ebb.object set bytes = null where id = $1`],
  ])('is none where it is one %s', async (_, status, change) => {
    const id = await fn.upload(content, 'image/png')
    await fn.query(change, [id])
    expect((await tell(id)).status).toBe(status)
    expect([await stateOf(id), await eventsOf(id)]).toEqual(['pending', []])
  })

  it('is nothing where nobody here has begun it', async () => {
    expect((await tell(randomUUID())).status).toBe(404)
  })
})
