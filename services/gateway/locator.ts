import { ConfigFault } from 'ebb/kernel'

interface Place {
  readonly origin: string
  /** What stands before the function's own paths. */
  readonly prefix: string
}

/** Finds the address of a function by the template of `EBB_UPSTREAM_TEMPLATE`. */
export function locator(template: string, namespace: string): (name: string) => Place {
  const places = new Map<string, Place>()
  const locate = (name: string): Place => {
    const url = new URL(template.replaceAll('{name}', name).replaceAll('{namespace}', namespace))
    return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') }
  }
  if (!/^https?:/.test(template) || !URL.canParse(template.replaceAll(/\{name(space)?\}/g, 'a'))) {
    throw new ConfigFault(`EBB_UPSTREAM_TEMPLATE: ${template} makes no URL`)
  }
  return (name) => {
    const known = places.get(name)
    if (known) return known
    const place = locate(name)
    places.set(name, place)
    return place
  }
}
