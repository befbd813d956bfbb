/**
 * node bench/recovery/run.ts [seconds]
 *
 * How long until each of the platform's sockets is well again by itself: after so many seconds (5) in which no byte
 * passed in either direction ("silent"), or each came 3 s late ("slow"), and after its connections were forgotten by
 * what is between, so that old ones are silent and new ones are well, were reset ("cut"), or were half-closed by the
 * server. Prints seconds from the end of that until three uses in a row succeed, and the longest that any use took
 * meanwhile. Without a redis-server on the PATH, without those to Redis.
 */
import { openSockets } from '../../test/chaos/sockets/open-sockets.ts'
import { measureRecovery, NETWORK_CONDITIONS } from '../../test/chaos/sockets/recovery.ts'
import { startDatabase } from '../measure/start-database.ts'

const lastsMs = Number(process.argv[2] ?? 5) * 1_000
const LIMIT_MS = 120_000
const inSeconds = (ms: number | undefined) => (ms === undefined ? 'never' : (ms / 1_000).toFixed(1))

await using database = await startDatabase()
const { sockets, close } = await openSockets(database.url)
const rows = new Map(sockets.map(({ name }) => [name, {} as Record<string, string>]))
const longest = new Map<string, number>()
for (const [condition, conditions] of Object.entries(NETWORK_CONDITIONS)) {
  // Nearly all of it is waiting: side by side they do not disturb each other.
  await Promise.all(
    sockets.map(async (socket) => {
      const { wellAfterMs, longestMs } = await measureRecovery(socket, conditions, { lastsMs, limitMs: LIMIT_MS })
      Object.assign(rows.get(socket.name) ?? {}, { [condition]: inSeconds(wellAfterMs) })
      longest.set(socket.name, Math.max(longest.get(socket.name) ?? 0, longestMs))
    }),
  )
}
await close()
console.table(sockets.map(({ name }) => ({ name, ...rows.get(name), 'longest use': inSeconds(longest.get(name)) })))
