import { Redis } from 'ioredis'
import type { Resource } from '../kernel/index.ts'

const COMMAND_TIMEOUT_MS = 1_000

/** Redis for a handler, or undefined where none is configured: no function may depend on it. Commands end after 1 s. */
export const redis: Resource<Redis | undefined, Redis | undefined> = {
  open: ({ REDIS_URL }, log) => {
    if (!REDIS_URL) return undefined
    const options = {
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: true,
      lazyConnect: true,
    }
    const client = new Redis(REDIS_URL, options)
    let up = true
    client.on('error', (fault: Error) => {
      if (up) log.warn({ err: fault }, 'redis is not reachable; going on without it')
      up = false
    })
    client.on('ready', () => {
      if (!up) log.info('redis is reachable again')
      up = true
    })
    return client
  },
  lend: (client) => client,
  close: async (client) => client?.disconnect(),
}
