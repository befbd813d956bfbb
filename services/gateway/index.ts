import { ConfigFault, createLog, onShutdown, processConfig } from 'ebb/kernel'
import { openGateway } from './open-gateway.ts'

start().catch((fault) => {
  const said = fault instanceof ConfigFault ? fault.message : fault instanceof Error ? fault.stack : fault
  process.stderr.write(`gateway: ${said}\n`)
  process.exit(1)
})

async function start() {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'gateway', revision: config.EBB_REVISION })
  const { port, adminPort, stop } = await openGateway(config, { log })
  log.info({ port, adminPort }, 'listening')
  onShutdown(stop, { log, parent: config.EBB_PARENT })
}
