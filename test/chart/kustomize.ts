import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Manifest } from './helm.ts'

interface Kustomization {
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly replicas?: readonly { readonly name: string; readonly count: number }[]
  readonly configMapGenerator?: readonly { readonly name: string; readonly literals: readonly string[] }[]
  readonly patches?: readonly Patch[]
}

/** A JSON patch (RFC 6902) of the objects whose names match. */
interface Patch {
  readonly target: { readonly kind: string; readonly name: string }
  readonly patch: string
}

/** As much of `kubectl kustomize` as the overlay for kind asks for: its objects, and its ConfigMaps without a hash. */
export function kustomize(folder: string): readonly Manifest[] {
  const kustomization: Kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  const { resources = [], components = [], replicas = [], configMapGenerator = [], patches = [] } = kustomization
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
  const patched = found.map((manifest) =>
    patches
      .filter(({ target }) => target.kind === manifest.kind && isNamed(manifest, target.name))
      .reduce((one, { patch }) => addTo(one, parse(patch)), manifest),
  )
  return patched.map((manifest) => {
    const count = replicas.find(({ name }) => manifest.kind === 'Deployment' && name === manifest.metadata.name)?.count
    return count === undefined ? manifest : { ...manifest, spec: { ...manifest.spec, replicas: count } }
  })
}

const isNamed = ({ metadata }: Manifest, pattern: string) => new RegExp(`^(${pattern})$`).test(metadata.name)

/** Appends to lists, which is all that the patches of this overlay do. */
function addTo(manifest: Manifest, operations: readonly { op: string; path: string; value: unknown }[]): Manifest {
  const copy: Manifest = JSON.parse(JSON.stringify(manifest))
  for (const { op, path, value } of operations) {
    const keys = path.split('/').slice(1, -1)
    const list = keys.reduce<unknown>((parent, key) => Object(parent)[key], copy)
    if (op !== 'add' || !path.endsWith('/-') || !Array.isArray(list)) throw new Error(`${op} ${path} is not understood`)
    list.push(value)
  }
  return copy
}
