import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { RENAMES } from '../../src/project/upgrade/codemods/0.2.0-renamed-names.ts'
import type { Renames } from '../../src/project/upgrade/rename-names.ts'

/** What each version renamed, as `ebb upgrade` does it. */
const upgrades: readonly (readonly [string, Renames])[] = [['0.2.0', RENAMES]]

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

describe.each(upgrades)('%s', (_version, { renamed, values, removed }) => {
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
    const isThere = ({ module, name, to }: Renames['values'][number]) =>
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
