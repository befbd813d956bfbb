import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { startSmtpServer } from '../../support/smtp-server.ts'

/** One call of the third party. */
export interface Call {
  readonly at: string
  readonly key: string
  readonly name: string
}

/** So much slower is every twentieth call than the others: a lease has to last for it. */
const SLOW_MS = 1_000
const SLOW_EACH = 20

/** A third party that Ebb's functions call and mail: it counts what reaches it. */
export async function startEffects() {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const { name } = (await json(request)) as { name: string }
    calls.push({ at: new Date().toISOString(), key: String(request.headers['idempotency-key']), name })
    const waitMs = Number(name.split('-').at(-1)) % SLOW_EACH === 0 ? SLOW_MS : 0
    setTimeout(() => response.writeHead(204).end(), waitMs)
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const smtp = await startSmtpServer()
  return {
    // A server that listens on a port has an address.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls`,
    smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
    calls: calls as readonly Call[],
    /** Of each message, the name of the entry and the id of the event. */
    mails: () => smtp.subjects.map((subject) => subject.split(' ')),
    close: async () => {
      server.close().closeAllConnections()
      await smtp.close()
    },
  }
}

export type Effects = Awaited<ReturnType<typeof startEffects>>
