import { type Config, requireSetting } from '../kernel/index.ts'

/** Where a function is reached. */
export interface UpstreamAddress {
  readonly origin: string
  /** The path before the function's own paths, without a slash at its end. */
  readonly prefix: string
}

/**
 * Returns a function that resolves the name of a function to its address by `EBB_UPSTREAM_TEMPLATE`, which the settings
 * have checked. Throws a ConfigError where that is not set.
 */
export function createUpstreamResolver(config: Config): (name: string) => UpstreamAddress {
  const template = requireSetting(config, 'EBB_UPSTREAM_TEMPLATE')
  const fill = (name: string) => template.replaceAll('{name}', name).replaceAll('{namespace}', config.EBB_NAMESPACE)
  const addresses = new Map<string, UpstreamAddress>()
  return function locate(name) {
    const known = addresses.get(name)
    if (known) return known
    const { origin, pathname } = new URL(fill(name))
    const address = { origin, prefix: pathname.replace(/\/+$/, '') }
    addresses.set(name, address)
    return address
  }
}
