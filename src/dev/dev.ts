import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { inheritedEnv, processConfig } from '../kernel/index.ts'
import {
  createActivator,
  DIFFERENCES_PATH,
  GATEWAY_PATH,
  GUIDE_PATH,
  KEYS_PATH,
  MAILS_PATH,
  STATUS_PATH,
} from './activator.ts'
import { dataDirOf } from './announcement.ts'
import { childEnv, signingEnv } from './child-env.ts'
import { consoleAddress } from './console-address.ts'
import { openDataDir } from './data-dir.ts'
import { findDifferences } from './find-differences.ts'
import { createFunctions } from './functions.ts'
import { createGuide } from './guide/create-guide.ts'
import { openKeptBundles } from './kept-bundles.ts'
import { openLogStore } from './log/log-store.ts'
import { createMailFolder } from './mail/mail-folder.ts'
import { assertPortFree, findFreePort } from './ports.ts'
import { prepareConsole } from './prepare-console.ts'
import { type LaptopProvider, startProvider } from './provider/start-provider.ts'
import { startRecorder } from './recorder/start-recorder.ts'
import { watchSources } from './reload.ts'
import { bufferUntilReady, type Report, reportJson } from './report.ts'
import { createReloadTracker, SERVICES, startServices } from './services.ts'
import { startStores } from './stores.ts'
import { createTerminalReporter } from './terminal-reporter.ts'
import { watchDependencies } from './watch-dependencies.ts'

/** What `ebb dev` is started with. */
export interface DevOptions {
  /** The checkout. */
  readonly project: string
  /** Reports one JSON object a line, in place of text for people. */
  readonly json?: boolean
  /** Erases all data first. */
  readonly fresh?: boolean
}

/** A running Ebb. */
interface RunningEbb {
  stop(): Promise<void>
}

/** Runs Ebb on this machine: Postgres, Redis if installed, gateway and relay, and each function from its first call on. */
export async function dev({ project, json = false, fresh = false }: DevOptions): Promise<RunningEbb> {
  const startedAt = performance.now()
  const config = processConfig()
  const port = config.PORT
  const adminPort = config.EBB_ADMIN_PORT ?? (port === 0 ? 0 : port + 1)
  const providerPort = config.EBB_PROVIDER_PORT ?? (port === 0 || port > MAX_PORT - 2 ? 0 : port + 2)
  const objectsPort = config.EBB_OBJECTS_PORT ?? (port === 0 || port > MAX_PORT - 3 ? 0 : port + 3)
  const dataDir = await openDataDir(resolve(dataDirOf(project, config)), { fresh })
  const closers: (() => Promise<void> | void)[] = [dataDir.close]
  let stopping = false
  const close = async () => {
    stopping = true
    for (const closeOne of closers.splice(0).reverse()) await closeOne()
  }
  try {
    await Promise.all([
      assertPortFree('PORT', port),
      assertPortFree('EBB_ADMIN_PORT', adminPort),
      assertPortFree('EBB_PROVIDER_PORT', providerPort),
      ...(config.EBB_OBJECTS_URL ? [] : [assertPortFree('EBB_OBJECTS_PORT', objectsPort)]),
    ])
    let show: Report = reportJson
    const report = bufferUntilReady((event) => {
      // What is stopped on purpose reports no errors.
      if (!stopping || (event.event !== 'fault' && event.event !== 'log')) show(event)
    })
    const kept = await openKeptBundles(project, dataDir.bundles)
    closers.push(kept.settled)
    const log = await openLogStore(dataDir.log, { report })
    closers.push(log.close)
    const stores = await startStores({ project, dataDir, kept, config, objectsPort, report })
    closers.push(stores.stop)
    const provider = config.EBB_ISSUERS
      ? undefined
      : await startProvider({ project, dataDir, port: providerPort, roles: stores.roles, report })
    if (provider) closers.push(provider.stop)
    const recorder = await startRecorder({ dataDir, adminKey: stores.secrets.adminKey, report })
    closers.push(recorder.stop)
    let activatorUrl = ''
    let gatewayUrl: string | undefined
    const upstreams = () => `${activatorUrl}/{name}`
    const env = childEnv({ config, dataDir, stores, upstreams, telemetry: recorder.exportEnv })
    const dependencies = watchDependencies(project)
    closers.push(dependencies.close)
    const functions = createFunctions({
      ...{ project, dataDir, kept, config, env, report, log },
      onBundled: dependencies.add,
    })
    closers.push(functions.stop)
    await functions.update({ ...stores.contracts, isChanged: () => false, isSave: false })
    const reloads = createReloadTracker(SERVICES)
    let announce = async (_functions: readonly string[]) => {}
    const sources = watchSources({
      ...{ project, ...dataDir, dependencies, contracts: stores.contracts, functions, report },
      contractsServed: reloads.waitFor,
      onReloaded: (names) => announce(names),
    })
    closers.push(sources.close)
    const activator = createActivator({
      ...functions,
      publicKeys: provider?.publicKeys,
      gateway: () => gatewayUrl,
      settled: sources.settled,
      guide: createGuide(),
      mails: createMailFolder(dataDir.mail),
      differences: (ref) => findDifferences(project, ref, sources.broken()),
    }).listen(0, '127.0.0.1')
    await once(activator, 'listening')
    closers.push(() => activator.close().closeAllConnections())
    if (!json)
      show = createTerminalReporter({
        ...{ project, ...stores, contracts: sources.current, statuses: functions.statuses },
        notes: { ...stores.notes, ...(provider ? { Login: `${provider.issuer} ${describePeople(provider)}` } : {}) },
      })
    // A server that listens on a port has an address.
    activatorUrl = `http://127.0.0.1:${(activator.address() as AddressInfo).port}`
    const relayPort = await findFreePort()
    const services = await startServices({
      ...{ dataDir, port, adminPort, report, log, reloads },
      env: (part) => ({
        ...env.service(part),
        ...(part === 'gateway'
          ? {
              ...(provider?.gatewayEnv(activatorUrl + KEYS_PATH) ?? inheritedEnv(ISSUER_SETTINGS)),
              ...signingEnv(sources.current().routes),
              EBB_RELAY_METRICS_URL: `http://127.0.0.1:${relayPort}/metrics`,
            }
          : {
              EBB_ADMIN_PORT: String(relayPort),
              EBB_CHECKS_URL: activatorUrl + GATEWAY_PATH,
              EBB_CHECKS_KEY: stores.secrets.checksKey,
            }),
        EBB_UPSTREAM_TEMPLATE: upstreams(),
        EBB_FUNCTIONS_URL: `${activatorUrl}${STATUS_PATH}`,
        EBB_DIFFERENCES_URL: `${activatorUrl}${DIFFERENCES_PATH}`,
        EBB_GUIDE_URL: `${activatorUrl}${GUIDE_PATH}`,
        ...(config.SMTP_URL ? {} : { EBB_MAILS_URL: activatorUrl + MAILS_PATH }),
        ...(part === 'gateway' ? recorder.gatewayEnv : {}),
        EBB_CONSOLE_DIR: dataDir.console,
      }),
    })
    closers.push(services.stop)
    const { url, admin } = services
    gatewayUrl = url
    await provider?.configure(url)
    const { keys, adminKey } = stores.secrets
    const readyMs = Math.round(performance.now() - startedAt)
    const { functions: urls } = stores.urls
    const announced = provider && { issuer: provider.issuer, commandSecret: provider.commandSecret }
    announce = (names) => dataDir.announce({ url, admin, adminKey, keys, urls, provider: announced, functions: names })
    await announce(sources.names())
    const opens = await consoleAddress(admin, adminKey)
    report({ event: 'ready', url, admin, console: opens, keys, adminKey, issuer: provider?.issuer, readyMs })
    void prepareConsole({ folder: dataDir.console, kept, report })
    void functions.prepare()
    const stop = async () => {
      await close()
      report({ event: 'stopped' })
    }
    return { stop }
  } catch (error) {
    await close()
    throw error
  }
}

const MAX_PORT = 65_535
/** What the gateway gets where the team names issuers of its own. */
const ISSUER_SETTINGS = [
  ...['EBB_ISSUERS', 'EBB_ISSUERS_FILE', 'EBB_INTROSPECTION_SECRET', 'EBB_INTROSPECTION_SECRET_FILE'],
  ...['EBB_DOCS_CLIENT_ID', 'EBB_DOCS_SCOPES'],
]
const SHOWN_PEOPLE = 4

/** The first people, for the welcome. */
function describePeople({ people }: LaptopProvider): string {
  const more = people.length - SHOWN_PEOPLE
  return `as ${people.slice(0, SHOWN_PEOPLE).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
