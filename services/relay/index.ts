import { ConfigFault, createLog, onShutdown, processConfig } from 'ebb/kernel'
import { openRelay } from './open-relay.ts'

start().catch((fault) => {
  const said = fault instanceof ConfigFault ? fault.message : fault instanceof Error ? fault.stack : fault
  process.stderr.write(`relay: ${said}\n`)
  process.exit(1)
})

async function start() {
  const config = processConfig()
  const log = createLog({ level: config.LOG_LEVEL, service: 'relay', revision: config.EBB_REVISION })
  const relay = await openRelay(config, { log })
  onShutdown(relay.stop, { log, parent: config.EBB_PARENT })
}
