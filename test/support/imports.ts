import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseSync } from '@swc/core'

export interface Import {
  readonly from: string
  /** A path from the repository's root, or the name of a package. */
  readonly to: string
  /** The values among the names that it imports; undefined where it imports all of them, or that cannot be known. */
  readonly values?: readonly string[] | undefined
}

/** The imports of a source, static and dynamic, of values and of types. */
export function importsOf(file: string, source = readFileSync(file, 'utf8')): readonly Import[] {
  const found: Import[] = []
  walk(parseTypeScript(source, file), (node) => {
    const target = IMPORTS.has(String(node.type))
      ? node.source
      : isDynamicImport(node)
        ? node.arguments[0]?.expression
        : undefined
    const to = Object(target).value
    if (typeof to === 'string') found.push({ from: file, to: resolve(file, to), values: valuesOf(node) })
  })
  return found
}

export type Node = Readonly<Record<string, unknown>>

export const parseTypeScript = (source: string, file = '') =>
  parseSync(source, { syntax: 'typescript', tsx: file.endsWith('.tsx'), target: 'es2024' })

const IMPORTS = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'])
const isDynamicImport = (node: Node): node is Node & { arguments: readonly { expression: unknown }[] } =>
  node.type === 'CallExpression' && Object(node.callee).type === 'Import'

function walk(node: unknown, visit: (node: Node) => void) {
  if (Array.isArray(node)) for (const child of node) walk(child, visit)
  else if (typeof node === 'object' && node !== null) {
    if ('type' in node) visit(node as Node)
    for (const child of Object.values(node)) walk(child, visit)
  }
}

/** The names of the values that an import declaration imports one by one. */
function valuesOf({ type, typeOnly, specifiers }: Node): readonly string[] | undefined {
  if (type !== 'ImportDeclaration') return undefined
  if (typeOnly) return []
  const named = [specifiers].flat().map((one) => Object(one))
  if (named.length === 0 || named.some((one) => one.type !== 'ImportSpecifier')) return undefined
  return named.filter((one) => !one.isTypeOnly).map((one) => String((one.imported ?? one.local).value))
}

const { exports }: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync('package.json', 'utf8'),
)

/** `ebb/contract` is the file that package.json names. */
function resolve(file: string, to: string): string {
  if (to.startsWith('.')) return relative('.', join(dirname(file), to))
  return exports[to.replace(/^ebb/, '.')]?.replace('./', '') ?? to
}

/** The groups of files that import each other, directly or by way of others: strongly connected components (Tarjan). */
export function findCircles(imports: readonly Import[]): readonly (readonly string[])[] {
  const targets = Map.groupBy(imports, ({ from }) => from)
  const order = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []

  const visit = (file: string): number => {
    order.set(file, order.size)
    let low = order.size - 1
    open.push(file)
    for (const { to } of targets.get(file) ?? []) {
      if (!order.has(to)) low = Math.min(low, visit(to))
      else if (open.includes(to)) low = Math.min(low, order.get(to) ?? low)
    }
    if (low === order.get(file)) {
      const group = open.splice(open.indexOf(file))
      if (group.length > 1) circles.push(group.sort())
    }
    return low
  }
  for (const file of targets.keys()) if (!order.has(file)) visit(file)
  return circles
}
