import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { drain, listenOn, onShutdown, requireSetting, runService } from '../../kernel/index.ts'
import { createReceiver } from './create-receiver.ts'
import { openTraceStore, TRACES_FILE } from './trace-store.ts'

/** The laptop's recorder as a process: it takes spans by OTLP, keeps them, and tells what is kept of a request. */
runService('recorder', async (config, log) => {
  const dataDir = requireSetting(config, 'EBB_HOME')
  const store = openTraceStore(resolve(dataDir, TRACES_FILE))
  const handle = createReceiver({ dataDir, store, adminKey: requireSetting(config, 'EBB_ADMIN_KEY'), log })
  const server = createServer((request, response) => void handle(request, response))
  const port = await listenOn(server, config.EBB_HOST, config.PORT, 'PORT')
  log.info({ port }, 'listening')
  const stop = async () => {
    await drain(server, { graceMs: config.EBB_DRAIN_MS })
    store.close()
  }
  onShutdown(stop, { log, parent: config.EBB_PARENT })
})
