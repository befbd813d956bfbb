import { createServer } from 'node:http'
import { drain, listenOn, onShutdown, requireSetting, runService } from '../../kernel/index.ts'
import { openProvider } from './open-provider.ts'

/** The OpenID provider as a process: on the laptop beside the gateway, or in a pod for tests. */
runService('provider', async (config, log) => {
  const { handle } = await openProvider(requireSetting(config, 'EBB_PROVIDER_CONFIG'), { log })
  const server = createServer((request, response) => void handle(request, response))
  const port = await listenOn(server, config.EBB_HOST, config.PORT, 'PORT')
  log.info({ port }, 'listening')
  onShutdown(() => drain(server, { graceMs: config.EBB_DRAIN_MS }), { log, parent: config.EBB_PARENT })
})
