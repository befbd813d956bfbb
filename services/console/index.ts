import { onShutdown, runService } from 'ebb/kernel'
import { startConsole } from './start-console.ts'

runService('console', async (config, log) => {
  const { stop, ...ports } = await startConsole(config, { log })
  log.info(ports, 'listening')
  onShutdown(stop, { log, parent: config.EBB_PARENT })
})
