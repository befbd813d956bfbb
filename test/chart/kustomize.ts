import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Manifest } from './helm.ts'

interface Kustomization {
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly replicas?: readonly { readonly name: string; readonly count: number }[]
  readonly configMapGenerator?: readonly { readonly name: string; readonly literals: readonly string[] }[]
}

/** As much of `kubectl kustomize` as the overlay for kind asks for: its objects, and its ConfigMaps without a hash. */
export function kustomize(folder: string): readonly Manifest[] {
  const kustomization: Kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  const { resources = [], components = [], replicas = [], configMapGenerator = [] } = kustomization
  const found = [...resources, ...components].flatMap((name) => {
    const path = join(folder, name)
    if (!name.endsWith('.yaml')) return kustomize(path)
    return parseAllDocuments(readFileSync(path, 'utf8')).map((document): Manifest => document.toJS())
  })
  for (const { name, literals } of configMapGenerator) {
    const pairs = literals.map((literal) => [
      literal.slice(0, literal.indexOf('=')),
      literal.slice(literal.indexOf('=') + 1),
    ])
    const i = found.findIndex(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, spec: {}, data: Object.fromEntries(pairs) }
    if (i < 0) found.push(made)
    else found[i] = { ...made, data: { ...found[i]?.data, ...made.data } }
  }
  return found.map((manifest) => {
    const count = replicas.find(({ name }) => manifest.kind === 'Deployment' && name === manifest.metadata.name)?.count
    return count === undefined ? manifest : { ...manifest, spec: { ...manifest.spec, replicas: count } }
  })
}
