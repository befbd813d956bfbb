import { type Config, ConfigError, requireSetting } from '../kernel/index.ts'

/** Where a function is reached. */
export interface UpstreamAddress {
  readonly origin: string
  /** The path before the function's own paths, without a slash at its end. */
  readonly prefix: string
}

/**
 * Returns a function that resolves the name of a function to its address, by `EBB_UPSTREAM_TEMPLATE`: the one place that
 * knows the template's rules. Throws a ConfigError where it makes no http or https URL.
 */
export function createUpstreamResolver(config: Config): (name: string) => UpstreamAddress {
  const template = requireSetting(config, 'EBB_UPSTREAM_TEMPLATE')
  const fill = (name: string) => template.replaceAll('{name}', name).replaceAll('{namespace}', config.EBB_NAMESPACE)
  if (!/^https?:/.test(template) || !URL.canParse(fill('a'))) {
    throw new ConfigError(`EBB_UPSTREAM_TEMPLATE: ${template} makes no http or https URL`)
  }
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
