import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import createUpload from './handler.ts'

const fn = testFunction(createUpload)
const customer = { sub: 'ada', scopes: ['files:write'] }
const content = Buffer.from('a picture, more or less')
const picture = {
  ...{ name: 'lamp.png', type: 'image/png', bytes: content.length },
  sha256: createHash('sha256').update(content).digest('hex'),
}

async function begin() {
  const caller = await fn.as(customer)
  const { body } = await caller.post('/v1/uploads').send(picture).expect(201)
  return body
}

describe('create-upload', () => {
  it('201 the URL takes exactly what was announced', async () => {
    const { id, put } = await begin()
    const send = (body: Buffer, headers: Record<string, string> = put.headers) =>
      fetch(put.url, { method: put.method, headers, body: new Uint8Array(body) })
    const refused = [
      await send(Buffer.from('b picture, more or less')),
      await send(Buffer.from('a longer picture, more or less')),
      await send(content, { ...put.headers, 'content-type': 'text/html' }),
      await send(content, {}),
    ]
    expect(refused.map(({ status }) => status)).toEqual([400, 403, 403, 403])
    expect((await send(content)).status).toBe(200)
    const rows = await fn.query(
      'select owner, name, uploads.state, object.state as object from uploads join ebb.object using (id)',
    )
    expect(rows).toEqual([{ owner: 'ada', name: 'lamp.png', state: 'pending', object: 'pending' }])
    expect(await fn.query('select from uploads where id = $1', [id])).toHaveLength(1)
  })

  it.each([
    ['a type that is no picture', { type: 'text/html' }],
    ['nothing', { bytes: 0 }],
    ['too much', { bytes: 20_000_001 }],
    ['a checksum that is none', { sha256: 'abc' }],
  ])('400 for %s', async (_what, wrong) => {
    const caller = await fn.as(customer)
    await caller
      .post('/v1/uploads')
      .send({ ...picture, ...wrong })
      .expect(400)
  })

  it('403 without files:write', async () => {
    const caller = await fn.as({ sub: 'ada' })
    await caller.post('/v1/uploads').send(picture).expect(403)
  })
})
