import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { createItemReader, toStreamedItems } from './read-items.ts'

const readItems = createItemReader({
  item: z.object({ n: z.int(), text: z.string().default('none') }),
  maxItemBytes: 40,
})
const about = { type: 'application/x-ndjson', announcedBytes: undefined }
const itemsOf = (chunks: Iterable<Uint8Array>) => toStreamedItems(Readable.from(chunks), readItems, about)

async function read(body: string | Uint8Array, chunkBytes = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(body as string)
  const found: unknown[] = []
  try {
    for await (const item of itemsOf(cut(bytes, chunkBytes))) found.push(item)
    return { found }
  } catch (error) {
    const { code, details } = error as { code: string; details: readonly { path: string; message: string }[] }
    return { found, code, issue: details[0] }
  }
}

function* cut(bytes: Uint8Array, chunkBytes: number) {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

describe('the items of a body', () => {
  const body = '{"n":1}\n\n{"n":2,"text":"é😀"}\r\n  \n{"n":3}'
  const three = [
    { n: 1, text: 'none' },
    { n: 2, text: 'é😀' },
    { n: 3, text: 'none' },
  ]

  it.each([1, 2, 3, 7, 1_000])('are the same however it is cut: %i bytes a chunk', async (chunkBytes) => {
    expect(await read(body, chunkBytes)).toEqual({ found: three })
  })

  it.each([
    ['what is no JSON', '{"n":1}\n\n{"n":}', 3, /^Line 3: Not JSON/],
    ['an unknown name', '{"n":1,"m":2}', 1, /^Line 1: Unknown key$/],
    ['a value that does not fit', '{"n":1}\n{"n":1.5}\n{"n":2}', 2, /^Line 2: Invalid input/],
    ['a name twice', '{"n":1,"n":2}', 1, /^Line 1: Given more than once$/],
    ['what is no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 1, /^Line 1: Not JSON: it is not UTF-8$/],
    ['a line that is too long', `{"n":1}\n{"n":2,"text":"${'x'.repeat(40)}"}\n`, 2, /^Line 2: Longer than 40 bytes$/],
    ['a line that never ends', `{"n":1}\n${' '.repeat(100)}`, 2, /^Line 2: Longer than 40 bytes$/],
  ])('end at %s, which is named by its line', async (_, given, line, message) => {
    for (const chunkBytes of [1, 5, 1_000]) {
      const { code, issue } = await read(given, chunkBytes)
      expect([code, issue?.path.startsWith(`body.${line}`)]).toEqual(['invalid_request', true])
      expect(issue?.message).toMatch(message)
    }
  })

  it('are read no further than they are asked for', async () => {
    let chunks = 0
    async function* endless() {
      for (;;) {
        chunks++
        yield Buffer.from('{"n":1}\n'.repeat(1_000))
      }
    }
    const body = Readable.from(endless(), { highWaterMark: 1 })
    const items = toStreamedItems(body, readItems, about)
    for await (const { n } of items as AsyncIterable<{ n: number }>) if (n === 1) break
    expect([chunks <= 3, body.destroyed]).toEqual([true, true])
    expect(() => items[Symbol.asyncIterator]()).toThrow('read once')
  })
})
