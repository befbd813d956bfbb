import { type Config, ConfigError, type Log } from 'ebb/kernel'
import { type ContractSet, type ProxiedAddress, parseProxiedUrl } from '../../src/contract/index.ts'

/**
 * The addresses of services that EBB_UPSTREAMS names in place of those of the contracts, by proxy. Throws a ConfigError that
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

/** Says which of these addresses no proxy has: a name that is misspelt would otherwise go unnoticed. */
export function reportUnknownServices(
  addresses: Readonly<Record<string, ProxiedAddress>>,
  { routes }: Pick<ContractSet, 'routes'>,
  log: Log,
) {
  const proxies = routes.filter(({ upstream }) => upstream).map(({ name }) => name)
  const unknown = Object.keys(addresses).filter((name) => !proxies.includes(name))
  if (unknown.length > 0)
    log.warn({ unknown, proxies }, `EBB_UPSTREAMS names ${unknown.join(', ')}, and no proxy is called so`)
}
