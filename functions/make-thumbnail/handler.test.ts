import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import sharp from 'sharp'
import makeThumbnail from './handler.ts'

const fn = testFunction(makeThumbnail)

/** An upload of ada's, stored, and the event of it. */
async function stored(content: Uint8Array) {
  const id = await fn.upload(content, 'image/png', 'stored')
  await fn.query(`insert into uploads (id, owner, name, state) values ($1, 'ada', 'lamp.png', 'stored')`, [id])
  const data = { id, type: 'image/png', bytes: content.length, sha256: null, storedAt: new Date().toISOString() }
  return { id: randomUUID(), type: 'object.stored', data }
}
const thumbnails = (id: string) =>
  fn.query('select type, state from ebb.object where id in (select thumbnail from uploads where id = $1)', [id])
const picture = (width: number) =>
  sharp({ create: { width, height: width / 2, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()

describe('make-thumbnail', () => {
  it('204 makes one of each picture, however often the event comes', async () => {
    const event = await stored(await picture(1_000))
    expect((await fn.deliver(event)).status).toBe(204)
    expect((await fn.deliver(event)).status).toBe(204)
    expect(await thumbnails(event.data.id)).toEqual([{ type: 'image/webp', state: 'stored' }])
    expect(await fn.query(`select from ebb.object where type = 'image/webp'`)).toHaveLength(1)
  })

  it('204 for an object that is no upload', async () => {
    const event = await stored(await picture(10))
    await fn.query('delete from uploads where id = $1', [event.data.id])
    expect((await fn.deliver(event)).status).toBe(204)
  })

  it('422 picture_unreadable for what only says that it is one', async () => {
    const event = await stored(Buffer.from('<html>'))
    const { status, body } = await fn.deliver(event)
    expect([status, body.error]).toEqual([422, 'picture_unreadable'])
    expect(await thumbnails(event.data.id)).toEqual([])
  })
})
