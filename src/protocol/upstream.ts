import { type Config, ConfigError, requireSetting } from '../kernel/index.ts'
import { ownNamespace } from './own-namespace.ts'

/** Where a function is reached. */
export interface UpstreamAddress {
  readonly origin: string
  /** The path before the function's own paths, without a slash at its end. */
  readonly prefix: string
}

/**
 * Returns a function that resolves the name of a function to its address: the one that `EBB_UPSTREAMS` has under this name, or
 * by `EBB_UPSTREAM_TEMPLATE`; the settings have checked both. Throws a ConfigError where neither is set, and where neither has it.
 */
export function createUpstreamResolver(config: Config): (name: string) => UpstreamAddress {
  const { EBB_NAMESPACE: given } = config
  const own: Readonly<Record<string, unknown>> = Object(config.EBB_UPSTREAMS)
  const template =
    Object.keys(own).length > 0 ? config.EBB_UPSTREAM_TEMPLATE : requireSetting(config, 'EBB_UPSTREAM_TEMPLATE')
  // As it is where nobody has set it.
  const namespace = given === 'default' && template?.includes('{namespace}') ? (ownNamespace() ?? given) : given
  const fill = (name: string) => template?.replaceAll('{name}', name).replaceAll('{namespace}', namespace)
  const addresses = new Map<string, UpstreamAddress>()
  return function locate(name) {
    const known = addresses.get(name)
    if (known) return known
    const url = URL.parse(String(Object.hasOwn(own, name) ? own[name] : fill(name)))
    if (!url) throw new ConfigError(`EBB_UPSTREAMS has no address of ${name}, and there is no EBB_UPSTREAM_TEMPLATE`)
    const address = { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') }
    addresses.set(name, address)
    return address
  }
}
