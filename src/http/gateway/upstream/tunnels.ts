import type { Socket } from 'node:net'
import { closeFrame, followFrames } from './websocket-frames.ts'

/** All WebSockets of a gateway: bytes that pass between a caller and a function, as they come. */
export interface Tunnels {
  /** Passes bytes on until one side has closed, nothing passes for so long, or the time is over. Resolves when it has ended. */
  readonly open: (ends: TunnelEnds, limits: TunnelLimits) => Promise<void>
  /** How many are open to each function. */
  readonly counts: () => ReadonlyMap<string, number>
  /** Asks all callers to come again elsewhere (1001), and ends the connections. */
  readonly close: () => void
}

interface TunnelEnds {
  readonly functionName: string
  readonly caller: Socket
  readonly upstream: Socket
}

interface TunnelLimits {
  readonly maxSeconds: number
  readonly idleSeconds: number
}

/** The function keeps these limits, and says so to the caller; the gateway does where that does not. */
const SLACK_MS = 5_000
/** For what is on its way, after a close frame. */
const CLOSE_TIMEOUT_MS = 1_000
/** The endpoint is going away: come again (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001

export function createTunnels(): Tunnels {
  const open = new Set<{ readonly functionName: string; readonly close: () => void }>()
  let closed = false
  return {
    open: ({ functionName, caller, upstream }, { maxSeconds, idleSeconds }) =>
      new Promise((resolve) => {
        const toCaller = pass(upstream, caller, { masked: false })
        const toFunction = pass(caller, upstream, { masked: true })
        const sockets = [caller, upstream]
        const kill = () => {
          for (const socket of sockets) socket.destroy()
        }
        const endSoon = () => void setTimeout(kill, CLOSE_TIMEOUT_MS).unref()
        const close = () => {
          toCaller.close()
          toFunction.close()
          endSoon()
        }
        const closeIfIdle = () => {
          const silentMs = performance.now() - Math.max(toCaller.passedAt(), toFunction.passedAt())
          if (silentMs > idleSeconds * 1_000 + SLACK_MS) close()
        }
        const tunnel = { functionName, close }
        const lifetime = setTimeout(close, maxSeconds * 1_000 + SLACK_MS).unref()
        const idle = setInterval(closeIfIdle, SLACK_MS).unref()
        open.add(tunnel)
        // Where one side has ended, what is on its way to the other one still arrives.
        for (const socket of sockets) socket.once('end', endSoon).once('close', endSoon).on('error', kill)
        const finish = () => {
          for (const socket of sockets) socket.destroySoon()
          clearTimeout(lifetime)
          clearInterval(idle)
          open.delete(tunnel)
          resolve()
        }
        Promise.all([toCaller.over, toFunction.over]).then(finish, finish)
        if (closed) close()
      }),
    counts: () => {
      const counts = new Map<string, number>()
      for (const { functionName } of open) counts.set(functionName, (counts.get(functionName) ?? 0) + 1)
      return counts
    },
    close: () => {
      closed = true
      for (const { close } of [...open]) close()
    },
  }
}

/** Passes what comes from one side on to the other, no faster than that takes it. */
function pass(from: Socket, to: Socket, { masked }: { readonly masked: boolean }) {
  const over = Promise.withResolvers<void>()
  const frames = followFrames()
  let passedAt = performance.now()
  let closing = false
  const finish = () => {
    from.off('data', onData)
    from.resume()
    if (to.writable) to.end(closeFrame(GOING_AWAY, { masked }))
    over.resolve()
  }
  const onData = (chunk: Buffer) => {
    passedAt = performance.now()
    const end = frames.follow(chunk)
    const isLast = closing && end > 0
    if (!to.writable) return
    if (!to.write(isLast ? chunk.subarray(0, end) : chunk)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
    if (isLast) finish()
  }
  from.on('data', onData)
  const end = () => {
    if (to.writable) to.end()
    over.resolve()
  }
  from.once('end', end).once('close', end)
  return {
    over: over.promise,
    passedAt: () => passedAt,
    /** Ends this direction with a close frame, as soon as no frame is under way. */
    close: () => {
      if (closing) return
      closing = true
      if (frames.isBetween()) finish()
    },
  }
}
