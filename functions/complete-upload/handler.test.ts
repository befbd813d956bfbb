import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import completeUpload from './handler.ts'

const fn = testFunction(completeUpload)
const customer = { sub: 'ada', scopes: [] }
const content = Buffer.from('a picture, more or less')

/** An upload of ada's that has arrived. */
async function arrived(): Promise<string> {
  const id = await fn.upload(content, 'image/png')
  await fn.query(`insert into uploads (id, owner, name) values ($1, 'ada', 'lamp.png')`, [id])
  return id
}
const eventsOf = (id: string) => fn.query('select type, payload from ebb.outbox where subject = $1', [id])

describe('complete-upload', () => {
  it('200 the picture is stored, and object.stored emitted once, however often it is completed', async () => {
    const id = await arrived()
    const caller = await fn.as(customer)
    const complete = () => caller.post(`/v1/uploads/${id}/complete`)
    const answers = await Promise.all([complete(), complete(), complete()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers[0]?.body).toMatchObject({ id, name: 'lamp.png', type: 'image/png', bytes: 23, state: 'stored' })
    expect(await eventsOf(id)).toEqual([
      { type: 'object.stored', payload: expect.objectContaining({ id, type: 'image/png', bytes: 23 }) },
    ])
  })

  it('403 for the upload of another one', async () => {
    const id = await arrived()
    const caller = await fn.as({ sub: 'ben' })
    await caller.post(`/v1/uploads/${id}/complete`).expect(403)
    expect(await eventsOf(id)).toEqual([])
  })

  it('404 for one that there is not', async () => {
    const caller = await fn.as(customer)
    const answer = await caller.post('/v1/uploads/0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0/complete').expect(404)
    expect(answer.body.error).toBe('upload_not_found')
  })

  it.each([
    ['409 upload_incomplete', `update ebb.object set id = gen_random_uuid() where id = $1 returning id`],
    ['410 upload_expired', `update ebb.object set expires_at = now() where id = $1 returning id`],
    ['422 upload_mismatch', `update ebb.object set bytes = 24 where id = $1 returning id`],
    ['422 upload_mismatch', `update ebb.object set type = 'image/webp' where id = $1 returning id`],
    ['422 upload_mismatch', `update ebb.object set sha256 = repeat('0', 64) where id = $1 returning id`],
  ])('%s: nothing is stored, and nothing emitted', async (expected, change) => {
    const sent = await fn.upload(content, 'image/png')
    const [row] = await fn.query<{ id: string }>(change, [sent])
    const id = row?.id ?? ''
    await fn.query(`insert into uploads (id, owner, name) values ($1, 'ada', 'lamp.png')`, [id])
    const caller = await fn.as(customer)
    const { status, body } = await caller.post(`/v1/uploads/${id}/complete`)
    expect(`${status} ${body.error}`).toBe(expected)
    expect(await fn.query('select state from ebb.object where id = $1', [id])).toEqual([{ state: 'pending' }])
    expect(await eventsOf(id)).toEqual([])
  })
})
