/** What RESP carries; `status` is a simple string. */
export type Reply = null | number | string | { readonly status: string } | readonly Reply[] | Map<string, Reply>

const words = (text: string) => new Set(text.split(' '))

const MISSING = words(
  'get getdel getex getset hget lindex lpop rpop blpop brpop spop srandmember zscore zrank zpopmin randomkey xread type',
)
const CHANGED = words(
  `del unlink exists expire pexpire expireat persist incr incrby decr decrby hset hsetnx hdel hincrby lpush rpush lrem sadd
  srem zadd zrem publish setnx append copy xack pfadd`.replaceAll(/\s+/g, ' '),
)
const NONE = words('ttl pttl llen scard zcard hlen strlen dbsize hexists sismember zcount xlen pfcount')
const EMPTY = words('keys lrange smembers sinter sunion zrange zrangebyscore hkeys hvals xrange')

/** What Redis would answer if it had no keys and every change succeeded. */
export function answerCommand(command: string, args: readonly string[]): Reply {
  if (MISSING.has(command)) return null
  if (CHANGED.has(command)) return 1
  if (NONE.has(command)) return 0
  if (EMPTY.has(command)) return []
  return SPECIAL[command]?.(args) ?? { status: 'OK' }
}

const SPECIAL: Readonly<Record<string, (args: readonly string[]) => Reply>> = {
  hello: () =>
    new Map<string, Reply>([
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
function runScript([, count, ...rest]: readonly string[]): Reply {
  return [null, rest[Number(count)] ?? null]
}
