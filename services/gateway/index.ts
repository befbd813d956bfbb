import { ConfigError, createLog, onShutdown, processConfig } from 'ebb/kernel'
import { startTelemetry } from 'ebb/telemetry'
import { startGateway } from './start-gateway.ts'

/** For the last spans. */
const FLUSH_MS = 2_000

start().catch((error) => {
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : error
  process.stderr.write(`gateway: ${text}\n`)
  process.exit(1)
})

async function start() {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'gateway', revision: config.EBB_REVISION })
  const telemetry = startTelemetry(config, { name: 'gateway', kind: 'service', log })
  const { port, adminPort, stop } = await startGateway(config, { log })
  log.info({ port, adminPort }, 'listening')
  const end = async () => {
    await stop()
    await telemetry.shutdown({ limitMs: FLUSH_MS })
  }
  onShutdown(end, { log, parent: config.EBB_PARENT })
}
