/** A value of YAML. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }
export type Values = Readonly<Record<string, Value>>

/** What an environment says: a file of `environments/`, with what it extends. */
export interface Environment {
  readonly name: string
  /** Where callers reach its gateway; undefined for one that others extend. */
  readonly url?: string
  /** Settings by the parts that read them: gateway, relay, console, migrate, functions, or one function by its name. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Values of the chart. */
  readonly values: Values
}

/** Maps add up, by their names; whatever else the second one says stands. */
export function mergeValues(first: Value | undefined, second: Value | undefined): Value | undefined {
  if (second === undefined) return first
  if (!isMap(first) || !isMap(second)) return second
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  // Each name is one of the two.
  return Object.fromEntries(names.map((name) => [name, mergeValues(first[name], second[name]) ?? null]))
}

export const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The parts whose settings stand in the chart's values under the same name. */
export const SERVICE_PARTS = ['gateway', 'relay', 'console'] as const

/** What `helm --values` takes. */
export function chartValuesOf({ settings, values }: Environment): Values {
  const parts = Object.entries(settings).map(([part, own]): Values => {
    if (SERVICE_PARTS.some((service) => service === part)) return { [part]: { env: own } }
    const extraEnv = Object.entries(own).map(([name, value]) => ({ name, value }))
    if (part === 'functions') return { allFunctions: { extraEnv } }
    return part === 'migrate' ? { migrate: { extraEnv } } : { functions: { [part]: { extraEnv } } }
  })
  // Maps only are merged.
  return parts.reduce((merged, part) => mergeValues(part, merged) as Values, values)
}
