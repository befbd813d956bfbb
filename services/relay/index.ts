import { onShutdown, runService } from 'ebb/kernel'
import { holdSigterm } from './hold-sigterm.ts'
import { startRelay } from './start-relay.ts'

/** For the last spans. */
const FLUSH_MS = 2_000

runService('relay', async (config, log) => {
  const flushSpans = holdSigterm()
  const { adminPort, stop } = await startRelay(config, { log })
  if (adminPort !== undefined) log.info({ adminPort }, 'listening')
  const end = async () => {
    await stop()
    await flushSpans({ limitMs: FLUSH_MS })
  }
  onShutdown(end, { log, parent: config.EBB_PARENT })
})
