import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigFault } from './config.ts'

/** Listens and answers the port; a ConfigFault where another process has it. `setting` is what says another one. */
export async function listenOn(
  server: Server,
  host: string | undefined,
  port: number,
  setting: string,
): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
    throw new ConfigFault(`Port ${port} is in use; stop what listens there, or set ${setting} to another one.`, {
      cause,
    })
  }
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port
}
