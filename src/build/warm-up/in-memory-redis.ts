import { createServer, type Socket } from 'node:net'
import { listenOnLoopback } from './loopback.ts'

/** A Redis that knows nothing and takes everything: every key is missing, every change succeeds. */
export async function startInMemoryRedis() {
  const listening = await listenOnLoopback(createServer(serveConnection))
  return { ...listening, url: `redis://:warm-up@127.0.0.1:${listening.port}` }
}

/** Answers the commands of one connection, in RESP2 until it asks for RESP3. */
function serveConnection(socket: Socket) {
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

function encode(reply: RedisReply, version: number): string {
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

/** What RESP carries; `status` is a simple string. */
type RedisReply = null | number | string | { readonly status: string } | readonly RedisReply[] | Map<string, RedisReply>

const wordSet = (text: string) => new Set(text.split(' '))

const NULL_COMMANDS = wordSet(
  'get getdel getex getset hget lindex lpop rpop blpop brpop spop srandmember zscore zrank zpopmin randomkey xread type',
)
const ONE_COMMANDS = wordSet(
  `del unlink exists expire pexpire expireat persist incr incrby decr decrby hset hsetnx hdel hincrby lpush rpush lrem sadd
  srem zadd zrem publish setnx append copy xack pfadd`.replaceAll(/\s+/g, ' '),
)
const ZERO_COMMANDS = wordSet('ttl pttl llen scard zcard hlen strlen dbsize hexists sismember zcount xlen pfcount')
const EMPTY_LIST_COMMANDS = wordSet('keys lrange smembers sinter sunion zrange zrangebyscore hkeys hvals xrange')

/** What Redis would answer if it had no keys and every change succeeded. */
function answerCommand(command: string, args: readonly string[]): RedisReply {
  if (NULL_COMMANDS.has(command)) return null
  if (ONE_COMMANDS.has(command)) return 1
  if (ZERO_COMMANDS.has(command)) return 0
  if (EMPTY_LIST_COMMANDS.has(command)) return []
  return OTHER_COMMANDS[command]?.(args) ?? { status: 'OK' }
}

const OTHER_COMMANDS: Readonly<Record<string, (args: readonly string[]) => RedisReply>> = {
  hello: () =>
    new Map<string, RedisReply>([
      ...Object.entries({ server: 'redis', version: '8.0.0', proto: 3, id: 1, mode: 'standalone', role: 'master' }),
      ['modules', []],
    ]),
  info: () => 'redis_version:8.0.0\r\nredis_mode:standalone\r\nrole:master\r\nloading:0\r\n',
  ping: ([text]) => text ?? { status: 'PONG' },
  echo: ([text = '']) => text,
  time: () => [String(Math.floor(Date.now() / 1_000)), '0'],
  mget: (keys) => keys.map(() => null),
  hmget: ([, ...fields]) => fields.map(() => null),
  hgetall: () => new Map(),
  scan: () => ['0', []],
  eval: runScript,
  evalsha: runScript,
}

/** Finds no value under the first key, and makes whoever asks its holder: what the cache's scripts would, and as good as any. */
function runScript([, count, ...rest]: readonly string[]): RedisReply {
  return [null, rest[Number(count)] ?? null]
}
