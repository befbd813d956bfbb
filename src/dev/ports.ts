import { once } from 'node:events'
import { createServer } from 'node:net'
import { ConfigError } from '../kernel/index.ts'

/** Throws a ConfigError if a port cannot be used; 0 is any free one. */
export async function assertPortFree(setting: string, port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code } = Object(cause) as { code?: string }
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${code})`
    throw new ConfigError(
      `Port ${port} ${why}; choose another one with ${setting}, for example ${setting}=${port + 1000}.`,
      { cause },
    )
  }
  server.close()
  await once(server, 'close')
}

/** A port of 127.0.0.1 that is free now; it may be taken by the time it is used. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the system assigned no port')
  return address.port
}
