import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

/** The code behind each `@example` under src: what an editor shows of a public name. */
const examples = globSync('src/**/*.ts').flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\//g)].flatMap(([, comment = '']) => {
    const text = comment.replaceAll(/^[ \t]*\* ?/gm, '')
    return [...text.matchAll(/@example\s([\s\S]*?)(?=\n@\w|$)/g)].map(([, code = '']) => ({ file, code: code.trim() }))
  }),
)

const PUBLIC_MODULES: Readonly<Record<string, readonly string[]>> = {
  'ebb/client': publicNames('src/client/index.ts'),
  'ebb/contract': publicNames('src/contract/public.ts'),
  'ebb/data': publicNames('src/data/index.ts'),
  'ebb/drizzle': ['drizzle'],
  'ebb/kysely': ['kysely'],
  'ebb/http': publicNames('src/http/public.ts'),
  'ebb/testing': publicNames('src/testing/index.ts'),
}

/** The names that an example may use without an import, by their module. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  ...PUBLIC_MODULES,
  'ebb/kernel': publicNames('src/kernel/index.ts'),
  '@jest/globals': ['it', 'expect', 'beforeAll', 'afterAll'],
  pg: ['Pool'],
  'drizzle-orm': ['eq'],
  'drizzle-orm/pg-core': ['integer', 'pgTable', 'text'],
  '../around.ts': [
    'sql',
    'id',
    'sku',
    'quantity',
    'conditions',
    'port',
    'operations',
    'parseOperation',
    'orderPlaced',
    'contract',
    'getOrder',
    'graph',
    'confirmOrder',
    'countReadings',
    'handler',
  ],
}

function publicNames(index: string): readonly string[] {
  const lists = [...readFileSync(index, 'utf8').matchAll(/\{([^}]*)\}/g)].map(([, names = '']) => names)
  return lists.flatMap((names) => names.split(',').map((name) => name.replace('type ', '').trim())).filter(Boolean)
}

/** An example as a module: its imports, and itself in a function of its own, where it may name things as it likes. */
function toModule(code: string): string {
  const used = (name: string) => new RegExp(`(?<![.\\w'])${name}\\b(?!')`).test(code)
  const taken = new Set<string>()
  const imports = Object.entries(MODULES).flatMap(([module, names]) => {
    const found = names.filter((name) => used(name) && !taken.has(name))
    for (const name of found) taken.add(name)
    return found.length > 0 ? [`import { ${found.join(', ')} } from '${module}'`] : []
  })
  const body = code.replaceAll(/^export default /gm, 'void ').replaceAll(/^export /gm, '')
  return [`import * as z from 'zod'`, ...imports, 'export async function example() {', body, '}', 'void z', ''].join(
    '\n',
  )
}

let folder = ''
// Below the checkout, where `ebb/contract` is found.
beforeAll(() => {
  folder = mkdtempSync('test/api/.examples-')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the examples of doc comments', () => {
  it('are as many as there are public names, at least', () => {
    const names = new Set(Object.values(PUBLIC_MODULES).flat())
    expect(examples.length).toBeGreaterThanOrEqual(names.size)
  })

  it('compile', () => {
    const files = examples.map(({ file, code }, i) => {
      const path = join(folder, `${i}-${file.replaceAll(/[/.]/g, '-')}.ts`)
      writeFileSync(path, toModule(code))
      return resolve(path)
    })
    // Types and values are imported alike here.
    const compilerOptions = { verbatimModuleSyntax: false }
    const options = { extends: resolve('tsconfig.json'), compilerOptions, include: [], files }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))
    const { stdout } = spawnSync('node_modules/.bin/tsc', ['-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })
})
