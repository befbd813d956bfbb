import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { codeOf, hashOf, type Request, send, testObjects } from './test-support.ts'

const { complete, contentOf, expire, request, stateOf, store, sweep } = testObjects()

const MEBIBYTE = 1_048_576

describe('an upload in parts', () => {
  const [first, second] = [randomBytes(16 * MEBIBYTE), randomBytes(16 * MEBIBYTE)]
  const contents = [first, second, first, second, Buffer.from('the rest')]
  const bytes = 64 * MEBIBYTE + 8
  const begin = () => request(({ sql, objects }) => objects.presignUpload(sql, { type: 'video/mp4', bytes }))
  const sign = (id: string, ...numbers: readonly number[]) => {
    const parts = numbers.map((number) => ({ number, sha256: hashOf(contents[number - 1] ?? first) }))
    return request(({ sql, objects }) => objects.presignParts(sql, id, parts))
  }
  const arrived = (id: string) => request(({ sql, objects }) => objects.arrivedParts(sql, id))
  const sendAll = async (id: string, ...numbers: readonly number[]) => {
    for (const part of await sign(id, ...numbers))
      expect((await send(part, contents[part.number - 1] ?? first)).status).toBe(200)
  }

  it('goes on where it was broken off, and is one object when all have come', async () => {
    const { id, parts } = await begin()
    expect(parts).toEqual({ count: 5, bytes: 16 * MEBIBYTE })
    await sendAll(id, 4, 1)
    expect(await arrived(id)).toEqual([1, 4])
    expect(await codeOf(complete(id))).toBe('upload_incomplete')
    const [third] = await sign(id, 3)
    if (!third) throw new Error('it was asked for')
    expect((await send(third, second)).ok).toBe(false)
    await sendAll(id, 2, 3, 5, 1)
    const { object } = await complete(id)
    expect(object).toMatchObject({ bytes, type: 'video/mp4', sha256: null })
    expect((await complete(id)).emitted).toEqual([])
    expect(await codeOf(sign(id, 1))).toBe('upload_finished')
    const found = await contentOf(id)
    expect(found && hashOf(found)).toBe(hashOf(Buffer.concat(contents)))
  })

  it('leaves no part behind where it is not completed', async () => {
    const { id } = await begin()
    await sendAll(id, 1, 5)
    await expire(id)
    await sweep()
    expect([await store().findUpload(id), await stateOf(id)]).toEqual([undefined, 'deleting'])
  })

  it('is refused beyond its parts, with a sentence', async () => {
    const { id } = await begin()
    await expect(sign(id, 6)).rejects.toThrow('this upload has parts 1 to 5, and no 6')
  })
})

describe('a stream that a handler stores', () => {
  const put =
    (content: Uint8Array | Readable, options = {}) =>
    (it: Request) =>
      it.objects.put(it, content, { type: 'application/octet-stream', ...options })

  it.each([8 * MEBIBYTE, 8 * MEBIBYTE + 1, 17 * MEBIBYTE])('is a stream of %s bytes', async (bytes) => {
    const content = randomBytes(bytes)
    const object = await request(
      put(Readable.from(bytes ? [content.subarray(0, 100_000), content.subarray(100_000)] : [])),
    )
    expect(object).toMatchObject({ bytes, sha256: hashOf(content) })
    const found = await contentOf(object.id)
    expect(found?.equals(content)).toBe(true)
  })
})
