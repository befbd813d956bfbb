import { ConfigError, createLog, onShutdown, processConfig } from 'ebb/kernel'
import { holdSigterm } from './hold-sigterm.ts'
import { startRelay } from './start-relay.ts'

/** For the last spans. */
const FLUSH_MS = 2_000

start().catch((error) => {
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error
  process.stderr.write(`relay: ${text}\n`)
  process.exit(1)
})

async function start() {
  const flushSpans = holdSigterm()
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'relay', revision: config.EBB_REVISION })
  const { adminPort, stop } = await startRelay(config, { log })
  if (adminPort !== undefined) log.info({ adminPort }, 'listening')
  const end = async () => {
    await stop()
    await flushSpans({ limitMs: FLUSH_MS })
  }
  onShutdown(end, { log, parent: config.EBB_PARENT })
}
