import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import createNote from './handler.ts'

const fn = testFunction(createNote)
const writer = { sub: 'ada', scopes: ['notes:write'] }
const post = async (key: string, body: object, caller = writer) =>
  (await fn.as(caller)).post('/v1/notes').set('Idempotency-Key', key).send(body)

describe('create-note', () => {
  it('201 creates a note, and answers the same to the same request', async () => {
    const first = await post('one', { text: 'Water the plants' })
    expect(first.status).toBe(201)
    expect(first.body).toEqual({ id: expect.any(String), text: 'Water the plants', createdAt: expect.any(String) })
    expect((await post('one', { text: 'Water the plants' })).text).toBe(first.text)
  })

  it('400 names what is wrong', async () => {
    const { status, body } = await post('two', { text: '' })
    expect([status, body.details[0].path]).toEqual([400, 'body.text'])
  })

  it('401 without an identity from the gateway', async () => {
    expect((await (await fn.unsigned()).post('/v1/notes')).status).toBe(401)
  })

  it('403 without notes:write', async () => {
    expect((await post('three', { text: 'Sleep' }, { sub: 'eve', scopes: [] })).status).toBe(403)
  })

  it('409 note_exists', async () => {
    await post('four', { text: 'Read' })
    const { status, body } = await post('five', { text: 'Read' })
    expect([status, body.error]).toEqual([409, 'note_exists'])
  })
})
