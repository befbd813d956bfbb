import { createServer, type Socket } from 'node:net'
import { listenOnLoopback } from './listen-on-loopback.ts'
import { answerCommand, type Reply } from './redis-answers.ts'

/** A Redis that knows nothing and takes everything: every key is missing, every change succeeds. */
export async function startInMemoryRedis() {
  const listening = await listenOnLoopback(createServer(talk))
  return { ...listening, url: `redis://:warm-up@127.0.0.1:${listening.port}` }
}

/** Answers the commands of one connection, in RESP2 until it asks for RESP3. */
function talk(socket: Socket) {
  let rest = ''
  let version = 2
  let queued: string[] | undefined
  const answer = (words: readonly string[]): string => {
    const [name = '', first] = words
    const command = name.toLowerCase()
    if (command === 'hello' && first === '3') version = 3
    if (command === 'exec' && queued) {
      const answers = queued
      queued = undefined
      return `*${answers.length}\r\n${answers.join('')}`
    }
    const text = encode(answerCommand(command, words.slice(1)), version)
    if (queued) {
      queued.push(text)
      return '+QUEUED\r\n'
    }
    if (command === 'multi') queued = []
    return text
  }
  // One character a byte, so that what is counted in bytes can be cut from a text.
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    rest += chunk
    for (let taken = takeCommand(rest); taken; taken = takeCommand(rest)) {
      rest = rest.slice(taken.length)
      socket.write(answer(taken.words), 'latin1')
    }
  })
}

/** The command at the beginning of a text, an array of texts as clients send it; undefined until all of it is there. */
function takeCommand(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  let at = 0
  const readCount = (sigil: string) => {
    const [head, count] = new RegExp(`\\${sigil}(\\d+)\r\n`, 'y').exec(text.slice(at, at + 20)) ?? []
    at += head?.length ?? 0
    return count === undefined ? undefined : Number(count)
  }
  const words: string[] = []
  const expected = readCount('*')
  if (expected === undefined) return undefined
  while (words.length < expected) {
    const bytes = readCount('$')
    if (bytes === undefined || text.length < at + bytes + 2) return undefined
    words.push(text.slice(at, at + bytes))
    at += bytes + 2
  }
  return { words, length: at }
}

function encode(reply: Reply, version: number): string {
  if (reply === null) return version === 3 ? '_\r\n' : '$-1\r\n'
  if (typeof reply === 'number') return `:${reply}\r\n`
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply, 'latin1')}\r\n${reply}\r\n`
  if ('status' in reply) return `+${reply.status}\r\n`
  if (reply instanceof Map) {
    const parts = [...reply].flat().map((part) => encode(part, version))
    return `${version === 3 ? `%${reply.size}` : `*${parts.length}`}\r\n${parts.join('')}`
  }
  return `*${reply.length}\r\n${reply.map((part) => encode(part, version)).join('')}`
}
