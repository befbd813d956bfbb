import { createServer } from 'node:http'
import { type Config, ConfigError, drain, type Log, listenOn, liveSetting, requireSetting } from 'ebb/kernel'
import { parseIssuers } from 'ebb/protocol'
import { createConsoleApp } from './app.ts'
import { findGateways } from './gateways.ts'
import { createLogins } from './logins.ts'

/**
 * Starts the console of a cluster: it logs operators in at the first issuer, and passes their requests on to the admin API of
 * the gateways, with their own tokens. It has no key of its own. Rejects with a ConfigError where a setting does not fit.
 */
export async function startConsole(config: Config, { log }: { readonly log: Log }) {
  const [issuer] = parseIssuers(requireSetting(config, 'EBB_ISSUERS'))
  if (!issuer) throw new ConfigError('EBB_ISSUERS: name the issuer at which operators log in')
  const url = new URL(requireSetting(config, 'EBB_CONSOLE_URL'))
  const gateways = findGateways(requireSetting(config, 'EBB_CONSOLE_GATEWAYS'))
  const adminScope = requireSetting(config, 'EBB_ADMIN_SCOPE')
  const logins = createLogins({
    ...{ issuer, origin: url.origin, adminScope, scopes: config.EBB_CONSOLE_SCOPES },
    clientId: requireSetting(config, 'EBB_CONSOLE_CLIENT_ID'),
    clientSecret: liveSetting(config, 'EBB_CONSOLE_CLIENT_SECRET', log).current,
  })
  const server = createServer(
    createConsoleApp({ logins, gateways, adminScope, isSecure: url.protocol === 'https:', log }),
  )
  const port = await listenOn(server, config.EBB_HOST, config.PORT, 'PORT')
  const stop = async () => {
    const drained = drain(server, { graceMs: config.EBB_DRAIN_MS })
    // Those who follow what comes follow it at another one.
    setTimeout(() => server.closeAllConnections(), config.EBB_DRAIN_MS).unref()
    await drained
  }
  return { port, stop }
}
