import type { Socket } from 'node:net'

/** A message of a client; those before the start have no type. */
export interface Message {
  readonly type: string
  readonly body: Buffer
}

/** The messages of a client (protocol 3, https://www.postgresql.org/docs/current/protocol-message-formats.html), until it ends. */
export async function* messagesOf(socket: Socket): AsyncGenerator<Message, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let started = false
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const typeBytes = started ? 1 : 0
      if (rest.length < typeBytes + 4) break
      // The length counts itself, and not the type.
      const end = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < end) break
      const message: Message = { type: rest.toString('latin1', 0, typeBytes), body: rest.subarray(typeBytes + 4, end) }
      rest = rest.subarray(end)
      started ||= message.body.readInt16BE() === 3
      yield message
    }
  }
}

/** Reads the parts of a message's body, one after the other. */
export function createReader(body: Buffer) {
  let at = 0
  const take = (bytes: number) => {
    at += bytes
    return body.subarray(at - bytes, at)
  }
  return {
    text: () => {
      const text = take(body.indexOf(0, at) - at).toString()
      at++
      return text
    },
    int16: () => take(2).readInt16BE(),
    int32: () => take(4).readInt32BE(),
    take,
    rest: () => take(body.length - at).toString(),
  }
}

export type Part = Buffer | string

export function message(type: string, ...parts: readonly Part[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

/** A text with its end. */
export const text = (value: string) => `${value}\0`

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
