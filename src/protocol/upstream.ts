import { type Config, requireSetting } from '../kernel/index.ts'
import { ownNamespace } from './own-namespace.ts'

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
  const { EBB_NAMESPACE: given } = config
  // As it is where nobody has set it.
  const namespace = given === 'default' && template.includes('{namespace}') ? (ownNamespace() ?? given) : given
  const fill = (name: string) => template.replaceAll('{name}', name).replaceAll('{namespace}', namespace)
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
