import { type Config, ConfigError, type Log } from 'ebb/kernel'
import { functionsOf, type ProxiedAddress, parseProxiedUrl } from '../../src/contract/index.ts'

/**
 * The addresses that EBB_UPSTREAMS names: of services in place of those of the contracts, by proxy, and of functions. Throws a ConfigError that
 * names the first one that is none.
 */
export function readServiceAddresses({ EBB_UPSTREAMS: given = {} }: Pick<Config, 'EBB_UPSTREAMS'>) {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ConfigError('EBB_UPSTREAMS must be an object, such as {"old-shop":"http://localhost:8081"}')
  const read = ([name, url]: [string, unknown]): [string, ProxiedAddress] => {
    try {
      return [name, parseProxiedUrl(String(url))]
    } catch (cause) {
      throw new ConfigError(`EBB_UPSTREAMS: the address of ${name} ${(cause as Error).message}`, { cause })
    }
  }
  return Object.fromEntries(Object.entries(given).map(read))
}

/** Says which of these addresses nothing has: a name that is misspelt would otherwise go unnoticed. */
export function reportUnknownServices(
  addresses: Readonly<Record<string, ProxiedAddress>>,
  contracts: Parameters<typeof functionsOf>[0],
  log: Log,
) {
  const proxies = contracts.routes.filter(({ upstream }) => upstream)
  const known = [...proxies, ...functionsOf(contracts)].map(({ name }) => name)
  const unknown = Object.keys(addresses).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    log.warn({ unknown }, `EBB_UPSTREAMS names ${unknown.join(', ')}, and no proxy or function is called so`)
}
