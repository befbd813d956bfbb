import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { RenderError } from './manifest.ts'

const FOLDER = 'charts/ebb'

const Resources = z.object({
  requests: z.object({ cpu: z.string(), memory: z.string() }),
  limits: z.object({ memory: z.string() }),
})
const Timing = z.record(z.string(), z.number())
const Ms = z.int().nonnegative()

/** The values that an installation may choose (values.yaml), as far as k8s/ has them, too. */
const Values = z.object({
  allFunctions: z.object({ poolMax: z.int() }),
  gateway: z.object({ replicas: z.int(), poolMax: z.int(), startTimeoutMs: Ms, resources: Resources }),
  relay: z.object({ replicas: z.int(), poolMax: z.int(), resources: Resources }),
  console: z.object({ resources: Resources }),
  migrate: z.object({ deadlineSeconds: z.int(), resources: Resources }),
  postgres: z.object({
    maxConnections: z.int(),
    reservedConnections: z.int(),
    bundled: z.object({ image: z.string(), storage: z.object({ size: z.string() }), resources: Resources }),
  }),
  redis: z.object({ bundled: z.object({ image: z.string(), maxMemory: z.string(), resources: Resources }) }),
  knative: z.object({
    namespace: z.string(),
    ingressNamespaces: z.array(z.string()),
    ingressPorts: z.array(z.int()),
  }),
  networkPolicy: z.object({
    dns: z.object({ namespace: z.string(), podLabels: z.record(z.string(), z.string()) }),
  }),
  monitoring: z.object({ namespaces: z.array(z.string()) }),
})

/** The numbers that no installation chooses (pods.yaml). */
const Pods = z.object({
  probes: z.object({
    service: z.object({ startup: Timing, readiness: Timing, liveness: Timing }),
    knative: z.object({ readiness: Timing, liveness: Timing }),
    postgres: z.object({ readiness: Timing }),
    redis: z.object({ readiness: Timing, liveness: Timing }),
  }),
  shutdown: z.object({ drainMs: Ms, flushMs: Ms, postgresSeconds: z.int() }),
})

/** The numbers of the Helm chart, from which k8s/ is rendered, too. */
export type Chart = z.infer<typeof Values> &
  z.infer<typeof Pods> & {
    /** The same with values-small.yaml: for the stores that k8s/ bundles for a first try. */
    readonly small: Pick<z.infer<typeof Values>, 'postgres' | 'redis'>
  }

/** Reads the chart of a platform. Throws a RenderError that names the file and each value that k8s/ needs and cannot use. */
export function readChart(platform: string): Chart {
  const values = readYaml(platform, 'values.yaml')
  return {
    ...check('values.yaml', Values, values),
    ...check('pods.yaml', Pods, readYaml(platform, 'pods.yaml')),
    small: check('values-small.yaml', Values, merge(values, readYaml(platform, 'values-small.yaml'))),
  }
}

function readYaml(platform: string, name: string): unknown {
  try {
    return parse(readFileSync(join(platform, FOLDER, name), 'utf8'))
  } catch (cause) {
    throw new RenderError([`${FOLDER}/${name}: ${(cause as Error).message.trim()}`], { cause })
  }
}

function check<T>(name: string, schema: z.ZodType<T>, values: unknown): T {
  const result = schema.safeParse(values)
  if (result.success) return result.data
  throw new RenderError(
    result.error.issues.map(({ path, message }) => `${FOLDER}/${name}: ${path.join('.')}: ${message}`),
  )
}

/** Merges values as Helm does: maps key by key; of anything else the later one wins. */
function merge(one: unknown, other: unknown): unknown {
  if (!isMap(one) || !isMap(other)) return other ?? one
  const names = [...Object.keys(one), ...Object.keys(other)]
  return Object.fromEntries(names.map((name) => [name, merge(one[name], other[name])]))
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
