import { ConfigFault, createLog, onShutdown, processConfig, startTelemetry } from 'ebb/kernel'
import { openGateway } from './open-gateway.ts'

/** For the last spans. */
const FLUSH_MS = 2_000

start().catch((fault) => {
  const said = fault instanceof ConfigFault ? fault.message : fault instanceof Error ? fault.stack : fault
  process.stderr.write(`gateway: ${said}\n`)
  process.exit(1)
})

async function start() {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'gateway', revision: config.EBB_REVISION })
  const telemetry = startTelemetry(config, { name: 'gateway', kind: 'service', log })
  const { port, adminPort, stop } = await openGateway(config, { log })
  log.info({ port, adminPort }, 'listening')
  const end = async () => {
    await stop()
    await telemetry.shutdown({ limitMs: FLUSH_MS })
  }
  onShutdown(end, { log, parent: config.EBB_PARENT })
}
