import type { Placement } from '../../contract/index.ts'
import { yamlFile } from './manifest.ts'
import { timeoutSecondsOf } from './platform.ts'

/** What the chart knows of the functions. */
export function chartFunctions(placements: readonly Placement[]): string {
  const functions = placements.map(({ name, kind, scale, timeoutMs, resources, secrets, egress }) => [
    name,
    { kind, scale, timeoutSeconds: timeoutSecondsOf(timeoutMs), resources, secrets, egress },
  ])
  return yamlFile([{ functions: Object.fromEntries(functions) }])
}
