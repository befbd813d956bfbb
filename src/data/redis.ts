import type { Redis } from 'ioredis'
import type { Resource } from '../kernel/index.ts'
import { createRedis, reportTurns } from './redis-client.ts'

const COMMAND_TIMEOUT_MS = 1_000
/** After which a connection with a command under way counts as broken, though nobody said so. */
const SILENCE_MS = 2_000

/** Redis for a handler, or undefined where none is configured: no function may depend on it. Commands end after 1 s. */
export const redis: Resource<Redis | undefined, Redis | undefined> = {
  stores: ['redis'],
  open: ({ REDIS_URL }, log) => {
    if (!REDIS_URL) return undefined
    const client = createRedis(REDIS_URL, {
      ...{ commandTimeout: COMMAND_TIMEOUT_MS, socketTimeout: SILENCE_MS, maxRetriesPerRequest: 1 },
    })
    const turn = reportTurns(log, {
      away: 'redis is not reachable; going on without it',
      back: 'redis is reachable again',
    })
    client.on('error', (fault: Error) => turn(false, fault))
    client.on('ready', () => turn(true))
    return client
  },
  lend: (client) => client,
  close: async (client) => client?.disconnect(),
}
