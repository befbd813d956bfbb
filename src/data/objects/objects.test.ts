import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { codeOf, hashOf, type Request, send, testObjects } from './test-support.ts'

const { complete, contentOf, expire, request, stateOf, store, sweep } = testObjects()

const small = Buffer.from('what an object has in it')
const spec = { type: 'text/plain', bytes: small.length, sha256: hashOf(small) }
const begin = (held = false) => request(({ sql, objects }) => objects.presignUpload(sql, spec, { held }))

describe('an upload', () => {
  it('is an object once it is completed, and can be had by its URL until that expires', async () => {
    const { id, put } = await begin()
    if (!put) throw new Error('it is small')
    expect(await codeOf(complete(id))).toBe('upload_incomplete')
    expect((await send(put, small)).status).toBe(200)
    expect(await contentOf(id)).toBeUndefined()
    const { object, emitted } = await complete(id)
    expect(object).toEqual({ id, ...spec, storedAt: expect.any(String) })
    expect(emitted).toEqual([object])
    expect((await complete(id)).emitted).toEqual([])
    expect(await contentOf(id)).toEqual(small)
    expect(await contentOf(id, { range: { from: 5, to: 6 } })).toEqual(small.subarray(5, 7))
    const link = await request(({ sql, objects }) =>
      objects.presignDownload(sql, id, { fileName: 'Käse "7".txt', expiresInSeconds: 60 }),
    )
    const answer = await fetch(link?.url ?? '')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(small)
    expect(answer.headers.get('content-type')).toBe('text/plain')
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="K_se _7_.txt"; filename*=UTF-8''K%C3%A4se%20%227%22.txt`,
    )
    const forged = new URL(link?.url ?? '')
    forged.searchParams.set('X-Amz-Expires', '600')
    expect((await fetch(forged)).status).toBe(403)
  })

  it('of other content, size or type is refused by the store', async () => {
    const { put } = await begin()
    if (!put) throw new Error('it is small')
    const other = Buffer.from('what an object has in IT')
    const answers = [
      await send(put, other),
      await send(put, Buffer.concat([small, small])),
      await send({ ...put, headers: { ...put.headers, 'content-type': 'text/html' } }, small),
      await send({ ...put, headers: { 'content-type': 'text/plain' } }, small),
    ]
    expect(answers.map(({ status }) => status >= 400 && status < 500)).toEqual([true, true, true, true])
  })

  it('that is not completed in time is removed with what has come of it, also what comes late', async () => {
    const { id, put } = await begin()
    if (!put) throw new Error('it is small')
    await send(put, small)
    await expire(id)
    expect(await codeOf(complete(id))).toBe('upload_expired')
    expect(await sweep()).toEqual({ removed: 1, errors: [] })
    expect([await stateOf(id), await store().head(id)]).toEqual(['deleting', undefined])
    expect(await codeOf(complete(id))).toBe('upload_not_found')
    // It had begun before its time was over.
    await send(put, small)
    await sweep(0)
    expect([await stateOf(id), await store().head(id)]).toEqual([undefined, undefined])
  })

  it('is begun and finished by the tenant of its caller alone', async () => {
    const { id, put } = await request(({ sql, objects }) => objects.presignUpload(sql, spec), { tenant: 'acme' })
    if (!put) throw new Error('it is small')
    await send(put, small)
    expect(await codeOf(complete(id))).toBe('upload_not_found')
    const own = await request((it) => it.objects.complete(it, id), { tenant: 'acme' })
    expect(own.id).toBe(id)
    expect(await contentOf(id)).toBeUndefined()
  })

  it('that is held is nobody’s before it is released', async () => {
    const { id, put } = await begin(true)
    if (!put) throw new Error('it is small')
    await send(put, small)
    await complete(id)
    const link = () => request(({ sql, objects }) => objects.presignDownload(sql, id))
    expect([await contentOf(id), await link(), await contentOf(id, { held: true })]).toEqual([
      undefined,
      undefined,
      small,
    ])
    expect(await request(({ sql, objects }) => objects.release(sql, id))).toBe(true)
    expect([await contentOf(id), (await link())?.url]).toEqual([small, expect.any(String)])
  })
})

describe('what a handler stores itself', () => {
  const put =
    (content: Uint8Array | Readable, options = {}) =>
    (it: Request) =>
      it.objects.put(it, content, { type: 'application/octet-stream', ...options })

  it.each([0, 1, 100_001])('is a stream of %s bytes', async (bytes) => {
    const content = randomBytes(bytes)
    const object = await request(
      put(Readable.from(bytes ? [content.subarray(0, 100_000), content.subarray(100_000)] : [])),
    )
    expect(object).toMatchObject({ bytes, sha256: hashOf(content) })
    const found = await contentOf(object.id)
    expect(found?.equals(content)).toBe(true)
  })

  it('is removed where its transaction is not committed', async () => {
    let id = ''
    const failing = request(async (it) => {
      ;({ id } = await put(small)(it))
      throw new Error('a slip')
    })
    await expect(failing).rejects.toThrow('a slip')
    expect([await stateOf(id), (await store().head(id))?.bytes]).toEqual(['pending', small.length])
    await expire(id)
    await sweep(0)
    expect([await stateOf(id), await store().head(id)]).toEqual([undefined, undefined])
  })

  it('is refused where it is too large, and removed', async () => {
    const content = Readable.from([Buffer.alloc(5), Buffer.alloc(5)])
    expect(await codeOf(request(put(content, { maxBytes: 9 })))).toBe('payload_too_large')
  })

  it('is copied in the store, and both are deleted once that is committed', async () => {
    const { id } = await request(put(small))
    const copy = await request((it) => it.objects.copy(it, id))
    expect(copy).toMatchObject({ bytes: small.length, sha256: hashOf(small) })
    expect(copy.id).not.toBe(id)
    expect(await request(({ sql, objects }) => objects.delete(sql, id))).toBe(true)
    expect([await contentOf(id), await contentOf(copy.id)]).toEqual([undefined, small])
    await sweep()
    expect(await store().head(id)).toBeUndefined()
    expect(await codeOf(request((it) => it.objects.copy(it, id)))).toBe('object_not_found')
  })
})

describe('a store that is away', () => {
  // Nothing listens on the port of `discard`.
  const away = testObjects({ EBB_OBJECTS_URL: 'http://key:secret@127.0.0.1:9/objects' })

  it('is a 503, and nothing is stored', async () => {
    const { id } = await away.request(({ sql, objects }) => objects.presignUpload(sql, spec))
    expect(await codeOf(away.request((it) => it.objects.complete(it, id)))).toBe('unavailable')
    expect(await codeOf(away.request((it) => it.objects.put(it, small, { type: 'text/plain' })))).toBe('unavailable')
    expect(await away.stateOf(id)).toBe('pending')
    await away.expire(id)
    const { errors } = await away.sweep(0)
    expect(errors).not.toEqual([])
    expect(await away.stateOf(id)).toBe('deleting')
  })
})
