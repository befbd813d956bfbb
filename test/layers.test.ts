import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parseSync } from '@swc/core'

/** Which layer may import which: imports go down, never up and never sideways. A layer that is absent may not be imported. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/start': [],
  'src/contract': [],
  'src/kernel': ['src/contract', 'src/start'],
  'src/protocol': ['src/kernel', 'src/contract'],
  'src/client': ['src/protocol', 'src/contract'],
  'src/telemetry': ['src/protocol', 'src/kernel', 'src/contract', 'src/start'],
  'src/data': ['src/telemetry', 'src/protocol', 'src/kernel', 'src/contract'],
  'src/http': ['src/telemetry', 'src/protocol', 'src/kernel', 'src/contract'],
  domain: ['src/contract'],
  functions: ['domain', 'src/http', 'src/data', 'src/contract'],
  services: ['src/http', 'src/data', 'src/telemetry', 'src/protocol', 'src/kernel', 'src/contract'],
  'src/deploy': ['src/client', 'src/protocol', 'src/kernel', 'src/contract'],
  'src/build': [
    'src/deploy',
    'src/data',
    'src/http',
    'src/telemetry',
    'src/protocol',
    'src/kernel',
    'src/contract',
    'src/start',
  ],
  'src/dev': [
    'src/build',
    'src/deploy',
    'src/http',
    'src/data',
    'src/telemetry',
    'src/protocol',
    'src/kernel',
    'src/contract',
    'src/start',
  ],
  'src/testing': ['src/dev', 'src/http', 'src/data', 'src/protocol', 'src/kernel', 'src/contract'],
  'src/commands': [
    'src/dev',
    'src/build',
    'src/deploy',
    'src/http',
    'src/data',
    'src/protocol',
    'src/kernel',
    'src/contract',
  ],
  'src/cli.ts': ['src/commands', 'src/dev', 'src/build', 'src/deploy', 'src/data', 'src/kernel'],
}
/** Houses of one room each: no function imports a function, no service a service. */
const APART = ['functions', 'services']
const IS_BUNDLED = /^(functions|domain|src)\//

const sources = ['src', 'functions', 'services', 'domain']
  .flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/test-(support|outbox)/.test(file))

const roomOf = (file: string) =>
  file.startsWith('src/') ? file.split('/').slice(0, 2).join('/') : (file.split('/')[0] ?? '')
const houseOf = (file: string) => (APART.includes(roomOf(file)) ? file.split('/').slice(0, 2).join('/') : roomOf(file))

/** What a room may import of one that is out of its reach otherwise; types, it always may. */
const MAY_NAME: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // Shared SQL, and resources of a team's own.
  domain: { 'src/data': ['resource'] },
}

interface Import {
  readonly from: string
  readonly to: string
  /** The values among what it names; undefined where that is all there is, or cannot be known. */
  readonly values?: readonly string[] | undefined
}

/** What a source imports, static or dynamic, as the compiler sees it. */
function importsOf(file: string, source = readFileSync(file, 'utf8')): readonly Import[] {
  const found: Import[] = []
  walk(parse(source), (node) => {
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

/** The names of the values that an import declaration imports one by one. */
function valuesOf({ type, typeOnly, specifiers }: Node): readonly string[] | undefined {
  if (type !== 'ImportDeclaration') return undefined
  if (typeOnly) return []
  const named = [specifiers].flat().map((one) => Object(one))
  if (named.length === 0 || named.some((one) => one.type !== 'ImportSpecifier')) return undefined
  return named.filter((one) => !one.isTypeOnly).map((one) => String((one.imported ?? one.local).value))
}

const IMPORTS = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'])
type Node = Readonly<Record<string, unknown>>
const isDynamicImport = (node: Node): node is Node & { arguments: readonly { expression: unknown }[] } =>
  node.type === 'CallExpression' && Object(node.callee).type === 'Import'
const parse = (source: string) => parseSync(source, { syntax: 'typescript', target: 'es2024' })

function walk(node: unknown, visit: (node: Node) => void) {
  if (Array.isArray(node)) for (const child of node) walk(child, visit)
  else if (typeof node === 'object' && node !== null) {
    if ('type' in node) visit(node as Node)
    for (const child of Object.values(node)) walk(child, visit)
  }
}

function resolve(file: string, to: string): string {
  if (to.startsWith('.')) return relative('.', join(dirname(file), to))
  return to === 'ebb/testing' ? 'src/testing' : to.replace(/^ebb\//, 'src/')
}

const climbs = ({ from, to, values }: Import) => {
  const [here, there] = [roomOf(from), roomOf(to)]
  if (!(there in MAY_IMPORT)) return here === 'src/contract' && !/^zod(\/|$)/.test(to) && !to.startsWith('src/contract')
  const named = MAY_NAME[here]?.[there]
  if (named && values?.every((value) => named.includes(value))) return false
  return houseOf(from) !== houseOf(to) && !MAY_IMPORT[here]?.includes(there)
}

/** A function is never finished before it is loaded, and a bundle has no import.meta. */
function whatBundlesCannotCarry(source: string): readonly string[] {
  const found: string[] = []
  const visit = (node: unknown, inFunction: boolean): void => {
    if (typeof node !== 'object' || node === null) return
    const { type } = node as Node
    if (type === 'MetaProperty' && Object(node).kind === 'import.meta') found.push('import.meta')
    if (!inFunction && (type === 'AwaitExpression' || (type === 'ForOfStatement' && Object(node).await)))
      found.push('top-level await')
    const inside =
      inFunction ||
      /^(Function|Arrow|ClassMethod|MethodProperty|PrivateMethod|GetterProperty|SetterProperty)/.test(String(type))
    for (const child of Object.values(node)) visit(child, inside)
  }
  visit(parse(source), false)
  return found
}

describe('the house', () => {
  it('has imports that go down only', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(sources.flatMap((file) => importsOf(file)).filter(climbs)).toEqual([])
  })

  it('has rooms that the plan names', () => {
    expect([...new Set(sources.map(roomOf))].filter((room) => !(room in MAY_IMPORT))).toEqual([])
  })

  it('has nothing that a bundle cannot carry', () => {
    const found = sources
      .filter((file) => IS_BUNDLED.test(file))
      .flatMap((file) => whatBundlesCannotCarry(readFileSync(file, 'utf8')).map((what) => `${file}: ${what}`))
    expect(found).toEqual([])
  })
})

describe('the test itself sees', () => {
  it.each([
    ['src/contract/a.ts', "import { createLog } from '../kernel/index.ts'"],
    ['src/contract/a.ts', "import express from 'express'"],
    ['src/kernel/a.ts', "export { x } from '../data/x.ts'"],
    ['src/http/a.ts', "import type { Sql } from 'ebb/data'"],
    ['src/data/a.ts', "import { createApp } from '../http/app.ts'"],
    ['domain/a.ts', "import { postgres } from 'ebb/data'"],
    ['domain/a.ts', "import { resource, postgres } from 'ebb/data'"],
    ['domain/a.ts', "import * as data from 'ebb/data'"],
    ['domain/a.ts', "import type { Log } from 'ebb/kernel'"],
    ['functions/a/handler.ts', "import b from '../b/handler.ts'"],
    ['functions/a/handler.ts', "const b = () => import('../b/contract.ts')"],
    ['functions/a/handler.ts', "import { dev } from '../../src/dev/dev.ts'"],
    ['services/relay/a.ts', "import { x } from '../gateway/x.ts'"],
    ['services/relay/a.ts', "import x from '../../functions/a/contract.ts'"],
  ])('an arrow that climbs: %s: %s', (file, source) => {
    expect(importsOf(file, source).filter(climbs)).toHaveLength(1)
  })

  it.each([
    "import type { Sql } from 'ebb/data'",
    "import { type Sql, resource } from 'ebb/data'",
    "import { resource } from 'ebb/data'",
  ])('what may be shared: %s', (source) => {
    expect(importsOf('domain/a.ts', source).filter(climbs)).toEqual([])
  })

  it.each([
    ["await import('x')", ['top-level await']],
    ['for await (const x of y) {}', ['top-level await']],
    ['const f = async () => { await x; for await (const y of z) {} }', []],
    ['console.log(import.meta.url)', ['import.meta']],
  ])('what a bundle cannot carry: %s', (source, found) => {
    expect(whatBundlesCannotCarry(source)).toEqual(found)
  })
})
