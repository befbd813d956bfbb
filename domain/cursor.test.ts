import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { decodeCursor, encodeCursor } from './cursor.ts'

const Position = z.object({ name: z.string(), at: z.number() })

describe('a cursor', () => {
  it('decodes to the position that it was made of, and needs no escaping in a URL', () => {
    const position = { name: 'Bücher & ÿ?>', at: 7 }
    const cursor = encodeCursor(position)
    expect(cursor).toBe(encodeURIComponent(cursor))
    expect(decodeCursor(cursor, Position)).toEqual(position)
  })

  it.each(['', 'no cursor', encodeCursor('a name'), encodeCursor({ name: 'x' }), encodeCursor({ name: 'x', at: '7' })])(
    'is invalid: %s',
    (cursor) => expect(decodeCursor(cursor, Position)).toBeUndefined(),
  )
})
