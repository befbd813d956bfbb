import { createServer } from 'node:http'
import { type Config, listenOn } from 'ebb/kernel'
import { type AdminOptions, createAdmin } from './admin.ts'

/** Listens where `EBB_ADMIN_PORT` says so; answers which port that is. A ConfigFault where another process has it. */
export async function openAdmin({ EBB_ADMIN_PORT, EBB_HOST }: Config, options: AdminOptions) {
  if (EBB_ADMIN_PORT === undefined) return { port: undefined, close: () => {} }
  const server = createServer(createAdmin(options))
  const port = await listenOn(server, EBB_HOST, EBB_ADMIN_PORT, 'EBB_ADMIN_PORT')
  return {
    port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
