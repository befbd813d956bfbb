import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pack } from './pack.ts'

let folder: string
let packed: string
let manifest: {
  readonly scripts?: object
  readonly scarfSettings?: object
  readonly version: string
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
}
let files: readonly string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-pack-'))
  packed = await pack(join(folder, 'out'))
  execFileSync('tar', ['xzf', packed, '-C', folder])
  manifest = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'))
  const entries = await readdir(join(folder, 'package'), { recursive: true, withFileTypes: true })
  files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, 'package/').length))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const hash = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
const read = (file: string) => readFile(join(folder, 'package', file), 'utf8')

describe('the package', () => {
  it('has the same bytes when it is packed again', async () => {
    const again = await pack(join(folder, 'again'))
    expect(await hash(again)).toBe(await hash(packed))
  })

  it('runs no script when it is installed', () => {
    expect(manifest.scripts).toBeUndefined()
  })

  it('has no package below it report that it was installed', () => {
    // What @scarf/scarf asks each package above itself; without it npm 11 lets it call out. It says why it does not with SCARF_VERBOSE=true.
    expect(manifest.scarfSettings).toEqual({ enabled: false })
  })

  it('holds no test, and of the example no copy outside example/', () => {
    const tests = files.filter((file) => /\.test\.|test-support|__snapshots__/.test(file))
    expect(tests.filter((file) => !file.startsWith('example/') && !file.includes('/template/'))).toEqual([])
    expect(files.filter((file) => /place-order|create-product/.test(file) && !file.startsWith('example/'))).toEqual([])
  })

  it('depends on all that its modules import', async () => {
    const modules = files.filter((file) => file.startsWith('dist/') && file.endsWith('.js'))
    expect(modules.length).toBeGreaterThan(250)
    const imported = await Promise.all(modules.map(async (file) => importedPackages(await read(file))))
    const unknown = new Set(imported.flat()).difference(
      new Set(['ebb', ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })]),
    )
    expect([...unknown]).toEqual([])
  })

  it('brings the guide, for both forms of the package', () => {
    for (const root of ['', 'source/'])
      for (const page of [
        'docs/README.md',
        'docs/concepts.md',
        'docs/guide/01-first-endpoint.md',
        'docs/reference/settings.md',
      ])
        expect(files).toContain(`${root}${page}`)
    expect(files.filter((file) => /docs\/(decisions|runs|api|upgrades)\//.test(file))).toEqual([])
  })

  it('documents what it exports, and leads from a declaration to its source', async () => {
    const types = 'dist/src/contract/endpoint.d.ts'
    expect(await read(types)).toMatch(/\/\*\*[\s\S]*@example[\s\S]*\*\/\s*export declare function endpoint/)
    const { sources }: { sources: readonly string[] } = JSON.parse(await read(`${types}.map`))
    expect(sources.map((source) => join('dist/src/contract', source))).toEqual(['source/src/contract/endpoint.ts'])
    expect(files).toContain('source/src/contract/endpoint.ts')
  })
})

/** The names of the packages that a module imports. */
function importedPackages(text: string): readonly string[] {
  const specifiers = [...text.matchAll(/^(?:import|export)\b[^'"`;]*?from '([^'.$][^'$]*)'|^import '([^'.$][^'$]*)'/gm)]
  return specifiers
    .map(([, from, bare]) => from ?? bare ?? '')
    .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
}
