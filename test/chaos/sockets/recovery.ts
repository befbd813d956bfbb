import { setTimeout as delay } from 'node:timers/promises'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

/** One kind of socket that the platform has, as its users see it. */
export interface Socket {
  readonly name: string
  /** What is at its other end, for a proxy to be put before. */
  readonly target: { readonly host: string; readonly port: number }
  /** The most that one use may take in any condition: what takes longer hangs. */
  readonly limitMs: number
  /** Opens it by way of a proxy. */
  open(port: number): Promise<OpenSocket> | OpenSocket
}

interface OpenSocket {
  /** Uses it as in production; rejects where that fails. */
  use(): Promise<unknown>
  close(): unknown
}

export const targetOf = (url: string): Socket['target'] => {
  const { hostname: host, port } = new URL(url)
  return { host, port: Number(port) }
}

type Proxy = Awaited<ReturnType<typeof startTcpProxy>>

/** What may happen to a connection. What lasts ends with `clear`; the rest is over as soon as it has begun. */
export const NETWORK_CONDITIONS: Readonly<
  Record<string, { readonly begin: (proxy: Proxy) => void; readonly lasts: boolean }>
> = {
  silent: { begin: ({ silence }) => silence(), lasts: true },
  slow: { begin: ({ slow }) => slow(), lasts: true },
  forgotten: { begin: ({ forget }) => forget(), lasts: false },
  cut: { begin: ({ cut }) => cut(), lasts: false },
  'half-closed': { begin: ({ halfClose }) => halfClose(), lasts: false },
}

interface Recovery {
  /** From the end of the condition until uses succeed again; undefined where that was not within the limit. */
  readonly wellAfterMs: number | undefined
  /** The longest use, whatever came of it. */
  readonly longestMs: number
}

const PAUSE_MS = 20
/** So many in a row are no chance. */
const IN_A_ROW = 3

/** Applies a network condition to a socket that works, uses it all the while, and measures when it works again by itself. */
export async function measureRecovery(
  socket: Socket,
  { begin, lasts }: { readonly begin: (proxy: Proxy) => void; readonly lasts: boolean },
  { lastsMs, limitMs }: { readonly lastsMs: number; readonly limitMs: number },
): Promise<Recovery> {
  const proxy = await startTcpProxy(socket.target)
  const opened = await socket.open(proxy.port)
  try {
    if ((await untilWell(opened, { limitMs })).wellAfterMs === undefined) throw new Error(`${socket.name} never works`)
    begin(proxy)
    const during = lasts ? await useFor(opened, lastsMs) : 0
    proxy.clear()
    const { wellAfterMs, longestMs } = await untilWell(opened, { limitMs })
    return { wellAfterMs, longestMs: Math.max(during, longestMs) }
  } finally {
    await Promise.all([opened.close(), proxy.close()])
  }
}

/** Uses it again and again; returns how long the longest use took. */
async function useFor({ use }: OpenSocket, ms: number): Promise<number> {
  const began = performance.now()
  let longestMs = 0
  while (performance.now() - began < ms) {
    const from = performance.now()
    await use().catch(() => {})
    longestMs = Math.max(longestMs, performance.now() - from)
    await delay(PAUSE_MS)
  }
  return longestMs
}

async function untilWell({ use }: OpenSocket, { limitMs }: { readonly limitMs: number }): Promise<Recovery> {
  const began = performance.now()
  let longestMs = 0
  let wellAfterMs: number | undefined
  for (let inARow = 0; inARow < IN_A_ROW; ) {
    const from = performance.now()
    const well = await use().then(
      () => true,
      () => false,
    )
    const now = performance.now()
    longestMs = Math.max(longestMs, now - from)
    inARow = well ? inARow + 1 : 0
    if (inARow <= 1) wellAfterMs = well ? now - began : undefined
    if (!well && now - began > limitMs) break
    await delay(PAUSE_MS)
  }
  return { wellAfterMs, longestMs }
}
