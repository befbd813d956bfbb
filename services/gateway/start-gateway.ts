import { createServer } from 'node:http'
import type { GatewayDependencies } from 'ebb/http/gateway'
import { type Config, listenOn, liveSetting, requireSetting, type ServiceLog } from 'ebb/kernel'
import { gatewayDrainMs } from '../../src/contract/index.ts'
import { fetchFunctionsView } from '../../src/protocol/functions-view.ts'
import { createAdminApp } from './admin/app.ts'
import { watchAlerts } from './alerts/watch-alerts.ts'
import { fetchMails } from './fetch-mails.ts'
import { fetchRecords } from './fetch-records.ts'
import { observeCertificate, observeContracts } from './metrics.ts'
import { openDependencies } from './open-dependencies.ts'
import { openPeppers } from './peppers.ts'
import { createProfiler } from './profile-function.ts'
import { createPublicServers } from './public-servers.ts'
import { openTls } from './tls.ts'

/**
 * Starts a gateway with these settings. Resolves to its ports; the database may become available later. Rejects with a
 * ConfigError where a setting does not fit or a port is taken.
 */
export async function startGateway(config: Config, { log }: { readonly log: ServiceLog }) {
  const pepper = openPeppers(config, log)
  requireSetting(config, 'EBB_ADMIN_KEY')
  const admins = [liveSetting(config, 'EBB_ADMIN_KEY', log), liveSetting(config, 'EBB_ADMIN_KEY_PREVIOUS', log)]
  const adminKeys = () => admins.map((key) => key.current())
  const tls = openTls(config, log)
  const opened = await openDependencies(config, { pepper, log })
  const { adminPool: pool, views, tokens, controls, beginDrain, close } = opened
  const { registry, observed, contractsStatus } = views
  const drainer = new AbortController()
  const dependencies: GatewayDependencies = { ...opened.dependencies, draining: drainer.signal }
  const servers = createPublicServers(dependencies, config, { tls })
  if (tls) observeCertificate(registry, tls)
  observeContracts(registry, contractsStatus)
  const alerts = watchAlerts({ registry, config, log })
  // A pod has no token to ask Kubernetes with.
  const functions = config.EBB_FUNCTIONS_URL ? fetchFunctionsView(config.EBB_FUNCTIONS_URL) : observed.view
  const records = config.EBB_RECORDER_URL ? fetchRecords(config.EBB_RECORDER_URL, () => adminKeys()[0]) : undefined
  const { contracts, authenticate } = dependencies
  let port = 0
  const ownPort = () => ({ port, isTls: tls !== undefined })
  const admin = createServer(
    createAdminApp({
      ...{ adminKeys, adminScope: config.EBB_ADMIN_SCOPE, hosts: config.EBB_HOSTS, authenticate, tokens },
      ...views,
      ...{ config, pool, pepper, contracts, functions, controls, explain: servers.explain, alerts, ownPort, log },
      ...{ records, tracesUrl: config.EBB_TRACES_URL, profile: createProfiler(dependencies) },
      differencesUrl: config.EBB_DIFFERENCES_URL,
      mailbox: config.EBB_MAILS_URL ? fetchMails(config.EBB_MAILS_URL) : undefined,
    }),
  )
  try {
    const ports = await servers.listen()
    port = ports.port
    const adminPort = await listenOn(admin, config.EBB_HOST, getAdminPort(config), 'EBB_ADMIN_PORT')
    const stop = async () => {
      beginDrain()
      drainer.abort()
      const calls = { startTimeoutMs: config.EBB_START_TIMEOUT_MS, contracts: contracts().routes }
      await servers.drain({ graceMs: config.EBB_DRAIN_MS, timeoutMs: gatewayDrainMs(calls) })
      alerts.stop()
      admin.close()
      admin.closeAllConnections()
      await close()
    }
    return { ...ports, adminPort, stop }
  } catch (error) {
    alerts.stop()
    servers.close()
    await close()
    throw error
  }
}

const getAdminPort = ({ PORT, EBB_ADMIN_PORT }: Config) => EBB_ADMIN_PORT ?? (PORT === 0 ? 0 : PORT + 1)
