import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

/** What a project changes to go from one version to another: what `ebb upgrade` is to run. */
interface Upgrade {
  readonly from: string
  readonly to: string
  /** An export, or `Type.member`, and what it is called now. */
  readonly renamed: readonly { readonly module: string; readonly name: string; readonly to: string }[]
  /** Texts that a program may compare with. */
  readonly values: readonly {
    readonly module: string
    readonly name: string
    readonly from: string
    readonly to: string
  }[]
  readonly removed: readonly { readonly module: string; readonly names: readonly string[]; readonly instead: string }[]
}

const upgrades = globSync('docs/upgrades/*.json').map((file): [string, Upgrade] => [
  file,
  JSON.parse(readFileSync(file, 'utf8')),
])

/** The public surface, as docs/api has it: report.test.ts sees to it that it is what the sources export. */
function declarationOf(module: string, name: string): string | undefined {
  const report = readFileSync(`docs/api/${module.replace('ebb/', '')}.api.md`, 'utf8')
  const declaration = new RegExp(`^export (?:class|interface|type|const|function) ${name}\\b[^]*?(?=\\n\\n)`, 'm')
  return declaration.exec(report)?.[0]
}

/** Whether a module exports a name, or a type of its exports has a member, which is written `Type.member`. */
function exists(module: string, path: string): boolean {
  const [name = '', member] = path.split('.')
  const declaration = declarationOf(module, name)
  if (member === undefined || declaration === undefined) return declaration !== undefined
  return new RegExp(`^ +(?:readonly )?${member}[?:(< ]`, 'm').test(declaration)
}

describe.each(upgrades)('%s', (_file, { renamed, values, removed }) => {
  it('leads to names that exist', () => {
    const targets = renamed.map(({ module, name, to }) => ({ module, to: name.replace(/[^.]+$/, to) }))
    expect(targets.filter(({ module, to }) => !exists(module, to))).toEqual([])
    expect(values.filter(({ module, name }) => !exists(module, name))).toEqual([])
  })

  it('leads away from names that are gone', () => {
    expect(renamed.filter(({ module, name }) => exists(module, name))).toEqual([])
    expect(removed.flatMap(({ module, names }) => names.filter((name) => exists(module, name)))).toEqual([])
  })

  it('says which texts programs meet now', () => {
    const isThere = ({ module, name, to }: Upgrade['values'][number]) =>
      declarationOf(module, name.split('.')[0] ?? '')?.includes(`"${to}"`)
    expect(values.filter((value) => !isThere(value))).toEqual([])
  })
})

describe('a name', () => {
  it.each([
    ['ebb/data', 'HttpError', true],
    ['ebb/data', 'HttpFault', false],
    ['ebb/data', 'Resource.bind', true],
    ['ebb/data', 'Resource.lend', false],
    ['ebb/http', 'Implementation.contract', true],
  ])('of %s is looked up: %s', (module, path, is) => {
    expect(exists(module, path)).toBe(is)
  })
})
