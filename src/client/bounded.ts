export interface Bounded {
  /** Aborts at the end of the time, or when the caller's own signal does. */
  readonly signal: AbortSignal
  /** Lets go of timer and listener. */
  done(): void
}

/**
 * A signal for all that one call does. Made by hand: those of AbortSignal.any and AbortSignal.timeout do not keep a
 * process alive until they fire, and in some releases of Node are collected before they do.
 */
export function bounded(timeoutMs: number, ended: AbortSignal | undefined): Bounded {
  const controller = new AbortController()
  const end = () => controller.abort(ended?.reason)
  const timer = setTimeout(() => controller.abort(new Error(`${timeoutMs} ms are over`)), timeoutMs)
  if (ended?.aborted) end()
  ended?.addEventListener('abort', end, { once: true })
  const done = () => {
    clearTimeout(timer)
    ended?.removeEventListener('abort', end)
  }
  return { signal: controller.signal, done }
}
