import { once } from 'node:events'
import { createServer } from 'node:net'

const LOWEST = 20_000
const COUNT = 10_000

/**
 * A port that nothing listens on, from below those that the kernel gives to outgoing connections: a socket that tries
 * one of those again and again, before the server listens, is sooner or later connected to itself.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * COUNT)
    const server = createServer()
    const isFree = await once(server.listen(port), 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error(`No free port from ${LOWEST} to ${LOWEST + COUNT}`)
}
