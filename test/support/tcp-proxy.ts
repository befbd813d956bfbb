import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What becomes of bytes on their way: they pass, they pass late, or they are lost. */
export type NetworkCondition = 'clear' | 'slow' | 'silent'

/**
 * A TCP proxy whose network conditions a test sets. What is silent stays connected, as to a host that lost its power: nothing
 * passes, in neither direction, and no side learns of an end.
 */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }, { slowMs = 3_000 } = {}) {
  let condition: NetworkCondition = 'clear'
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket; muted: boolean }>()
  const firstWords: Buffer[] = []

  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ ...target, allowHalfOpen: true })
    const pair = { near, far, muted: condition === 'silent' }
    pairs.add(pair)
    const carry = (from: Socket, to: Socket) => {
      // In turn, so that what is slow stays in order.
      let last: Promise<unknown> = Promise.resolve()
      const pass = (how: () => void) => {
        if (condition === 'slow') last = last.then(() => delay(slowMs, undefined, { ref: false }))
        last = last.then(() => {
          if (!pair.muted) how()
        })
      }
      from.on('data', (chunk) => pass(() => void to.write(chunk)))
      from.on('end', () => pass(() => to.end()))
      from.on('error', () => {})
      from.on('close', () => pass(() => to.destroy()))
    }
    carry(near, far)
    carry(far, near)
    // No encoding is set: it comes as bytes.
    near.once('data', (chunk) => firstWords.push(chunk as Buffer))
    // A client that hangs up gets no answer to it where nothing passes.
    near.on('end', () => pair.muted && near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    // A server that listens on a port has this kind of address.
    port: (server.address() as AddressInfo).port,
    /** How many connections its clients have, those among them that are silent. */
    connections: () => [...pairs].filter(({ near }) => !near.destroyed).length,
    /** What came first on each connection. */
    firstWords,
    clear: () => {
      condition = 'clear'
    },
    slow: () => {
      condition = 'slow'
    },
    /** No byte passes any more, on connections old and new; those stay silent when the condition clears. */
    silence: () => {
      condition = 'silent'
      for (const pair of pairs) pair.muted = true
    },
    /** As where a firewall forgot its connections: those are silent for ever, and new ones are well. */
    forget: () => {
      for (const pair of pairs) pair.muted = true
    },
    /** Resets all connections. */
    cut: () => {
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.resetAndDestroy()
      pairs.clear()
    },
    /** Tells the clients that the server sends no more, and goes on reading. */
    halfClose: () => {
      for (const { near } of pairs) near.end()
    },
    close: async () => {
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The same address, by way of a proxy. */
export function throughProxy(url: string, { port }: { readonly port: number }): string {
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(port)
  return through.href
}
