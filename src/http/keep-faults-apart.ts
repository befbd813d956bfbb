import type { Server, ServerResponse } from 'node:http'
import { Problem } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import { OVER } from './deadline.ts'

interface FaultOptions {
  readonly log: Pick<Log, 'error'>
  /** Lets the process finish what it has, and end. */
  readonly leave: (fault: unknown) => void
}

/**
 * Keeps what one request does wrong from all others of this process. A rejection that nobody has heard of when the
 * requests are over that were in flight by then makes the process leave; one that is awaited late is none. `process.exit`
 * throws.
 */
export function keepFaultsApart(server: Server, { log, leave }: FaultOptions): void {
  const inFlight = new Set<ServerResponse>()
  const unheard = new Map<Promise<unknown>, { readonly reason: unknown; readonly waitsFor: Set<ServerResponse> }>()

  const judge = (promise: Promise<unknown>) => {
    const { reason, waitsFor } = unheard.get(promise) ?? {}
    if (waitsFor?.size !== 0) return
    unheard.delete(promise)
    // What the platform itself has ended or refused says nothing about the process.
    if (isRefusal(reason)) log.error({ err: reason }, 'nobody awaited what failed; await it in the handler')
    else leave(reason)
  }

  server.on('request', (_request, response) => {
    inFlight.add(response)
    response.once('close', () => {
      inFlight.delete(response)
      for (const [promise, { waitsFor }] of unheard) if (waitsFor.delete(response)) judge(promise)
    })
  })
  process.on('unhandledRejection', (reason, promise) => {
    unheard.set(promise, { reason, waitsFor: new Set(inFlight) })
    judge(promise)
  })
  process.on('rejectionHandled', (promise) => void unheard.delete(promise))
  process.exit = (status) => {
    throw new Error(`process.exit(${status ?? ''}) would end the requests of all others; throw an error`)
  }
}

/** Whether it comes from a request that is over, or from what the platform could not do for it. */
function isRefusal(fault: unknown): boolean {
  for (let one = fault; one instanceof Error; one = one.cause) if (one === OVER || one instanceof Problem) return true
  return false
}
