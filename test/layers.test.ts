import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { findCircles, type Import, importsOf, type Node, parseTypeScript } from './support/imports.ts'

/** Which layer may import which: imports go down, never up and never sideways. A layer that is absent may not be imported. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/start': [],
  'src/contract': [],
  'src/kernel': ['src/contract', 'src/start'],
  'src/protocol': ['src/kernel', 'src/contract'],
  'src/client': ['src/protocol', 'src/contract'],
  // It runs in browsers.
  'src/console': [],
  'src/telemetry': ['src/protocol', 'src/kernel', 'src/contract', 'src/start'],
  'src/data': ['src/client', 'src/telemetry', 'src/protocol', 'src/kernel', 'src/contract'],
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
  // What a project's life is: to be created, upgraded, owned.
  'src/project': ['src/dev', 'src/build', 'src/deploy', 'src/data', 'src/kernel', 'src/contract'],
  'src/conformance': ['src/deploy', 'src/http', 'src/data', 'src/kernel', 'src/contract'],
  'src/testing': ['src/dev', 'src/deploy', 'src/http', 'src/data', 'src/protocol', 'src/kernel', 'src/contract'],
  'src/commands': [
    'src/project',
    'src/conformance',
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
/** Layers whose folders know nothing of each other: no function imports a function, no service a service. */
const SEPARATE = ['functions', 'services']
/** The values that a layer may import from one that it may not import otherwise; types are always allowed there. */
const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // Shared SQL, and resources of a team's own.
  domain: { 'src/data': ['resource'] },
  // The page calls the very operations that there are; their schemas stay on the server.
  'src/console': { 'src/protocol': [] },
}

const findSources = (...roots: readonly string[]) =>
  roots
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)))
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules'))
const isTest = (file: string) => file.endsWith('.test.ts') || /test-(support|outbox)/.test(file)
/** The files of a project to come. */
const isTemplate = (file: string) => file.startsWith('src/project/create/template/')
const everything = findSources('src', 'functions', 'services', 'domain', 'test', 'bench')
const sources = everything.filter((file) => !/^(test|bench)\//.test(file) && !isTest(file) && !isTemplate(file))
/** What finds the files of the platform runs in the command line only. */
const isBundled = (file: string) => /^(functions|domain|src)\//.test(file) && file !== 'src/deploy/platform-files.ts'

const layerOf = (file: string) =>
  file.startsWith('src/') ? file.split('/').slice(0, 2).join('/') : (file.split('/')[0] ?? '')
const unitOf = (file: string) =>
  SEPARATE.includes(layerOf(file)) ? file.split('/').slice(0, 2).join('/') : layerOf(file)

/** Whether an import goes up, sideways, or from a contract to a package that is not zod, but for the type of Node's streams. */
const isForbidden = ({ from, to, values }: Import) => {
  const [here, there] = [layerOf(from), layerOf(to)]
  if (!(there in MAY_IMPORT))
    return here === 'src/contract' && !/^zod(\/|$)/.test(to) && !(to === 'node:stream' && values?.length === 0)
  const allowed = EXCEPTIONS[here]?.[there]
  if (allowed && values?.every((value) => allowed.includes(value))) return false
  return unitOf(from) !== unitOf(to) && !isOtherContract(from, to) && !MAY_IMPORT[here]?.includes(there)
}

/** A function may know what others promise, which is data: to call them, and for GraphQL's schema. */
const isOtherContract = (from: string, to: string) =>
  layerOf(from) === 'functions' && /^functions\/[^/]+\/contract\.ts$/.test(to)

/** What a bundle cannot do: it is CommonJS, so nothing in it awaits at the top level, and it has no import.meta. */
function findBundleErrors(source: string, file = ''): readonly string[] {
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
  visit(parseTypeScript(source, file), false)
  return found
}

describe('the layers', () => {
  const imports = sources.flatMap((file) => importsOf(file))

  it('import only what is below them', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(imports.filter(isForbidden)).toEqual([])
  })

  it('are the ones that ARCHITECTURE.md names', () => {
    expect([...new Set(sources.map(layerOf))].filter((layer) => !(layer in MAY_IMPORT))).toEqual([])
  })

  it('leave the OpenID provider to its own process: nothing else loads it, on the laptop or in an image', () => {
    const loads = imports.filter(({ values }) => values?.length !== 0)
    const reaching = new Set(['oidc-provider'])
    for (let size = 0; size < reaching.size; ) {
      size = reaching.size
      for (const { from, to } of loads) if (reaching.has(to)) reaching.add(from)
    }
    const outside = [...reaching].filter((file) => !file.startsWith('src/dev/provider/'))
    expect([outside, reaching.has('src/dev/provider/index.ts')]).toEqual([['oidc-provider'], true])
    expect(reaching.has('src/dev/provider/start-provider.ts')).toBe(false)
  })

  it('have no circle of imports, types, tests and benches included', () => {
    expect(findCircles(everything.flatMap((file) => importsOf(file)))).toEqual([])
  })

  it('have nothing that a bundle cannot do', () => {
    const found = sources
      .filter(isBundled)
      .flatMap((file) => findBundleErrors(readFileSync(file, 'utf8'), file).map((what) => `${file}: ${what}`))
    expect(found).toEqual([])
  })
})

describe('this test finds', () => {
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
    ['functions/a/handler.ts', "const b = () => import('../b/handler.ts')"],
    ['functions/a/handler.ts', "import { dev } from '../../src/dev/dev.ts'"],
    ['services/relay/a.ts', "import { x } from '../gateway/x.ts'"],
    ['services/relay/a.ts', "import x from '../../functions/a/contract.ts'"],
  ])('an import that goes up: %s: %s', (file, source) => {
    expect(importsOf(file, source).filter(isForbidden)).toHaveLength(1)
  })

  it('nothing wrong with the contract of a function that a handler calls', () => {
    expect(importsOf('functions/a/handler.ts', "import b from '../b/contract.ts'").filter(isForbidden)).toEqual([])
  })

  it.each([
    "import type { Sql } from 'ebb/data'",
    "import { type Sql, resource } from 'ebb/data'",
    "import { resource } from 'ebb/data'",
  ])('nothing wrong with what may be shared: %s', (source) => {
    expect(importsOf('domain/a.ts', source).filter(isForbidden)).toEqual([])
  })

  it('nothing wrong with the contract of another function', () => {
    const source = "import getOrder from '../get-order/contract.ts'"
    expect(importsOf('functions/a/contract.ts', source).filter(isForbidden)).toEqual([])
  })

  it.each([
    ['of two', ['a>b', 'b>a', 'b>c'], [['a.ts', 'b.ts']]],
    ['by way of others', ['a>b', 'b>c', 'c>d', 'd>b'], [['b.ts', 'c.ts', 'd.ts']]],
    ['where there is none', ['a>b', 'a>c', 'b>d', 'c>d'], []],
  ])('a circle %s', (_, arrows, circles) => {
    const imports = arrows
      .map((arrow) => arrow.split('>'))
      .map(([from, to]) => ({ from: `${from}.ts`, to: `${to}.ts` }))
    expect(findCircles(imports)).toEqual(circles)
  })

  it('a circle of types', () => {
    const imports = [
      ...importsOf('src/kernel/a.ts', "import type { B } from './b.ts'"),
      ...importsOf('src/kernel/b.ts', "export type { A } from './a.ts'"),
    ]
    expect(findCircles(imports)).toEqual([['src/kernel/a.ts', 'src/kernel/b.ts']])
  })

  it.each([
    ["await import('x')", ['top-level await']],
    ['for await (const x of y) {}', ['top-level await']],
    ['const f = async () => { await x; for await (const y of z) {} }', []],
    ['console.log(import.meta.url)', ['import.meta']],
  ])('what a bundle cannot do: %s', (source, found) => {
    expect(findBundleErrors(source)).toEqual(found)
  })
})
