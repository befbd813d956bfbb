import { yamlFile } from './manifest.ts'
import { timeoutSecondsOf } from './platform.ts'
import type { Placed } from './uses.ts'

/** What the chart knows of the functions. */
export function chartFunctions(placements: readonly Placed[]): string {
  const functions = placements.map(({ name, kind, scale, timeoutMs, resources, uses, secrets, egress }) => [
    name,
    { kind, scale, timeoutMs, timeoutSeconds: timeoutSecondsOf(timeoutMs), resources, uses, secrets, egress },
  ])
  return yamlFile([{ functions: Object.fromEntries(functions) }])
}
