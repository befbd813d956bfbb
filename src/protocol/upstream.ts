import { type Config, ConfigError, requireSetting } from '../kernel/config.ts'

/** Where a function answers. */
export interface UpstreamAddress {
  readonly origin: string
  /** What stands before the function's own paths; without a slash at its end. */
  readonly prefix: string
}

/** Finds the addresses of functions by `EBB_UPSTREAM_TEMPLATE`: the one place that reads it. Throws a ConfigFault where it makes no URL. */
export function createUpstreamResolver(config: Config): (name: string) => UpstreamAddress {
  const template = requireSetting(config, 'EBB_UPSTREAM_TEMPLATE')
  const urlOf = (name: string) => template.replaceAll('{name}', name).replaceAll('{namespace}', config.EBB_NAMESPACE)
  if (!/^https?:/.test(template) || !URL.canParse(urlOf('a'))) {
    throw new ConfigError(`EBB_UPSTREAM_TEMPLATE: ${template} makes no http or https URL`)
  }
  const places = new Map<string, UpstreamAddress>()
  return function locate(name) {
    const known = places.get(name)
    if (known) return known
    const { origin, pathname } = new URL(urlOf(name))
    const place = { origin, prefix: pathname.replace(/\/+$/, '') }
    places.set(name, place)
    return place
  }
}
