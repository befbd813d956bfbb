import { setTimeout as delay } from 'node:timers/promises'
import { onShutdown, runService } from 'ebb/kernel'
import { startRelay } from './start-relay.ts'

/** For the last spans. */
const FLUSH_MS = 2_000

runService('relay', async (config, log) => {
  const flushSpans = holdSigterm()
  const { adminPort, brokerPort, stop } = await startRelay(config, { log })
  if (adminPort !== undefined) log.info({ adminPort }, 'listening')
  if (brokerPort !== undefined) log.info({ brokerPort }, 'listening for a broker')
  const end = async () => {
    await stop()
    await flushSpans({ limitMs: FLUSH_MS })
  }
  onShutdown(end, { log, parent: config.EBB_PARENT })
})

/**
 * Takes SIGTERM away from its present listeners: OpenTelemetry's SDK, which is loaded before the relay, would shut down
 * at once, and the spans of what is done while the relay drains would be lost. Returns a function that lets them end
 * once it has drained; that never rejects.
 */
function holdSigterm(): (options: { readonly limitMs: number }) => Promise<void> {
  const held = process.listeners('SIGTERM')
  for (const listener of held) process.off('SIGTERM', listener)
  return async ({ limitMs }) => {
    const limit = new AbortController()
    // The SDK's listener returns a promise, which the type of a listener does not know.
    const ended = Promise.allSettled(held.map(async (listener) => listener('SIGTERM')))
    await Promise.race([ended, delay(limitMs, undefined, { signal: limit.signal }).catch(() => {})])
    limit.abort()
  }
}
