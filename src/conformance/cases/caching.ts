import { equal, match, ok } from 'node:assert/strict'
import { assertStatus } from '../assertions.ts'
import { BATCHES, newBatch } from '../entries.ts'
import type { Case } from '../session.ts'

/** A list that nobody has asked for. */
const newList = () => ({ path: `${BATCHES}?q=${newBatch()}` })

export const caching: readonly Case[] = [
  {
    name: 'caching: a reply has the ETag of its bytes, and whoever has it is answered 304',
    needsFunctions: true,
    run: async ({ send }) => {
      const list = newList()
      const [first, second] = [await send(list), await send(list)]
      for (const answer of [first, second]) {
        assertStatus(answer, 200)
        match(String(answer.headers.etag), /^"[\w-]+"$/)
        match(String(answer.headers['cache-control']), /^public, max-age=60\b/)
        match(String(answer.headers['cache-status']), /^ebb; (hit|fwd)/)
        ok(answer.headers.age !== undefined, 'it has no Age')
      }
      equal(second.headers.etag, first.headers.etag, 'the same bytes have another ETag')
      const again = await send({ ...list, headers: { 'if-none-match': String(first.headers.etag) } })
      assertStatus(again, 304)
      equal(again.text, '')
      assertStatus(await send({ ...list, headers: { 'if-none-match': '"other"' } }), 200)
    },
  },
  {
    name: 'caching: a part of a reply is answered 206, and a part that there is not 416',
    needsFunctions: true,
    run: async ({ send }) => {
      const list = newList()
      const whole = await send(list)
      const part = await send({ ...list, headers: { range: 'bytes=0-4' } })
      assertStatus(part, 206)
      equal(part.text, whole.text.slice(0, 5))
      equal(part.headers['content-range'], `bytes 0-4/${whole.text.length}`)
      assertStatus(await send({ ...list, headers: { range: 'bytes=1000000-' } }), 416)
    },
  },
  {
    name: 'caching: what is an identified caller’s is told to be kept by nobody else',
    needs: ['admin'],
    needsFunctions: true,
    run: async ({ caller }) => {
      const answer = await (await caller()).send(newList())
      assertStatus(answer, 200)
      match(String(answer.headers['cache-control']), /^private\b/)
    },
  },
]
