import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from '@jest/globals'
import { endpoint, form } from 'ebb/contract'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const png = { type: 'image/png', maxBytes: 100_000 } as const
const fn = testFunction(
  implement(
    endpoint({
      ...{ name: 'add-photo', summary: 'Add a photo.', method: 'POST', path: '/v1/photos', access: {} },
      body: form({
        fields: z.object({
          title: z.string().max(10),
          stars: z.number().optional(),
          tag: z.array(z.string()).default([]),
        }),
        files: { photo: png, icon: { ...png, optional: true } },
      }),
      reply: { status: 200, body: z.object({ seen: z.string() }) },
    }),
    {},
    async ({ body: { fields, files } }) => ({
      seen: JSON.stringify([
        fields,
        [files.photo.name, files.photo.type, files.photo.bytes.length],
        files.icon?.bytes.toString(),
      ]),
    }),
  ),
)

const file = (content: string | Uint8Array<ArrayBuffer>, type = 'image/png', name = 'a.png') =>
  new File([content], name, { type })

async function send(parts: readonly (readonly [string, string | File])[]) {
  const body = new FormData()
  for (const [name, value] of parts) body.append(name, value)
  const headers = await fn.headers({ sub: 'ada' })
  const response = await fetch(`${await fn.address()}/v1/photos`, { method: 'POST', headers, body })
  const { seen, error, details } = Object(await response.json())
  return { status: response.status, error, details, seen: seen && JSON.parse(seen) }
}

const issuesOf = ({ details = [] }: Awaited<ReturnType<typeof send>>) =>
  details.map(({ path, message }: Record<string, string>) => `${path}: ${message}`)

describe('a form', () => {
  it('200 the handler gets its texts, decoded as its schema says, and its files', async () => {
    const large = new Uint8Array(100_000)
    const { status, seen } = await send([
      ['title', 'Sea é'],
      ['stars', '4.5'],
      ['tag', 'a'],
      ['photo', file(large, 'image/png', '../../sea é.png')],
      ['tag', 'b'],
      ['icon', file('i')],
    ])
    expect([status, seen]).toEqual([
      ...[200, [{ title: 'Sea é', stars: 4.5, tag: ['a', 'b'] }, ['sea é.png', 'image/png', 100_000], 'i']],
    ])
  })

  it('200 a file may be left out where the contract says so, as a page does where none was chosen', async () => {
    const { status, seen } = await send([
      ['title', 'Sea'],
      ['photo', file('x')],
      ['icon', file('', 'application/octet-stream', '')],
    ])
    expect([status, seen?.[2]]).toEqual([200, null])
  })

  it('400 names everything that is wrong, with its path', async () => {
    const response = await send([
      ['title', 'Much too long'],
      ['other', 'x'],
      ['photo', file(new Uint8Array(100_001))],
      ['icon', file('x', 'text/html')],
      ['virus', file('x')],
    ])
    expect([response.status, response.error]).toEqual([400, 'invalid_request'])
    expect(issuesOf(response).toSorted()).toEqual([
      ...['body.icon: Must be image/png', 'body.other: Unknown key', 'body.photo: At most 100000 bytes'],
      ...['body.title: Too big: expected string to have <=10 characters', 'body.virus: Unknown key'],
    ])
    expect(issuesOf(await send([['title', 'Sea']]))).toEqual(['body.photo: Missing'])
    expect(
      issuesOf(
        await send([
          ['title', 'a'],
          ['title', 'b'],
          ['photo', file('x')],
          ['photo', file('y')],
        ]),
      ),
    ).toEqual(['body.photo: Given more than once', 'body.title: Given more than once'])
  })

  it('413 where its texts and files together cannot fit', async () => {
    const { status } = await send([['title', 'x'.repeat(600_000)]])
    expect(status).toBe(413)
  })

  it('400 for names that objects have by themselves', async () => {
    const response = await send([
      ['title', 'Sea'],
      ['__proto__', 'x'],
      ['constructor', file('x')],
      ['photo', file('x')],
    ])
    expect(issuesOf(response)).toEqual(['body.constructor: Unknown key', 'body.__proto__: Unknown key'])
  })

  it.each([
    ['no boundary', 'multipart/form-data', 'x'],
    [
      'an early end',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nSea',
    ],
    [
      'an early end of a file',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nSea',
    ],
    ['something else', 'multipart/form-data; boundary=b', '{"title":"Sea"}'],
  ])('400 for %s, and the function goes on', async (_what, type, body) => {
    const call = httpRequest(`${await fn.address()}/v1/photos`, {
      method: 'POST',
      headers: { ...(await fn.headers({ sub: 'ada' })), 'content-type': type },
    })
    const answer = new Promise<[number | undefined, string]>((resolve, reject) =>
      call.on('response', async (response) => resolve([response.statusCode, await text(response)])).on('error', reject),
    )
    call.end(body)
    const [status, json] = await answer
    expect([status, JSON.parse(json).error]).toEqual([400, 'invalid_request'])
    expect(
      (
        await send([
          ['title', 'Sea'],
          ['photo', file('x')],
        ])
      ).status,
    ).toBe(200)
  })
})
