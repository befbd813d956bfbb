import { setTimeout as delay } from 'node:timers/promises'

/**
 * Takes SIGTERM away from whoever listens to it by now: OpenTelemetry's SDK, which was loaded before us, would end at
 * once, and what is done while the relay drains would be told to nobody. Answers what lets them end, once it has drained;
 * it never rejects.
 */
export function holdSigterm(): (options: { readonly limitMs: number }) => Promise<void> {
  const held = process.listeners('SIGTERM')
  for (const listener of held) process.off('SIGTERM', listener)
  return async ({ limitMs }) => {
    const limit = new AbortController()
    // The SDK's returns a promise, of which the type of a listener knows nothing.
    const ended = Promise.allSettled(held.map(async (listener) => listener('SIGTERM')))
    await Promise.race([ended, delay(limitMs, undefined, { signal: limit.signal }).catch(() => {})])
    limit.abort()
  }
}
