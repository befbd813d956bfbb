import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveObjects } from './serve-objects.ts'

interface ObjectsOptions {
  /** Where they are kept. */
  readonly folder: string
  /** 0 is any free one. */
  readonly port: number
  readonly secretAccessKey: string
}

/** A store of objects on this machine. */
export interface LocalObjects {
  /** As EBB_OBJECTS_URL. */
  readonly url: string
  stop(): Promise<void>
}

const BUCKET = 'objects'
const ACCESS_KEY = 'laptop'

/** Serves a folder as S3 would, on the loopback interface. */
export async function startObjects({ folder, port, secretAccessKey }: ObjectsOptions): Promise<LocalObjects> {
  const server = createServer(await serveObjects(folder, BUCKET, { accessKeyId: ACCESS_KEY, secretAccessKey }))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address.
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${ACCESS_KEY}:${encodeURIComponent(secretAccessKey)}@127.0.0.1:${bound}/${BUCKET}`,
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
