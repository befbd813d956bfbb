import { toYaml } from './manifest.ts'
import { PART_OF } from './platform.ts'

/** Secrets as manifests, by their names. Never for a file of the checkout. */
export const secretsFile = (secrets: Readonly<Record<string, Readonly<Record<string, string>>>>): string =>
  Object.entries(secrets)
    .map(([name, stringData]) => ({
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
      metadata: { name, labels: { 'app.kubernetes.io/part-of': PART_OF } },
      stringData,
    }))
    .map(toYaml)
    .join('---\n')
