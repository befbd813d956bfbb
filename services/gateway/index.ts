import { onShutdown, runService } from 'ebb/kernel'
import { startTelemetry } from 'ebb/telemetry'
import { createRequestTracer } from '../../src/telemetry/request-tracer.ts'
import { startGateway } from './start-gateway.ts'

/** For the last spans. */
const FLUSH_MS = 2_000

runService('gateway', async (config, log) => {
  const telemetry = startTelemetry(config, { name: 'gateway', createRequestTracer, log })
  const { stop, ...ports } = await startGateway(config, { log })
  log.info(ports, 'listening')
  const end = async () => {
    await stop()
    await telemetry.shutdown({ limitMs: FLUSH_MS })
  }
  onShutdown(end, { log, parent: config.EBB_PARENT })
})
