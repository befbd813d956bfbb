import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { TEST_PROJECT } from './support/project.ts'

/** Of the compiler, for one more endpoint with its handler and a call of it. */
const MAX_INSTANTIATIONS = 4_000
const FEW = 4

const FIXTURES = 'test/types-cost'
/** The folder of each endpoint that projects are made of; one has all that replies can have. */
const EXAMPLES = {
  'list-products': join(TEST_PROJECT, 'functions/list-products'),
  'place-order': join(TEST_PROJECT, 'functions/place-order'),
  'settle-order': join(FIXTURES, 'functions/settle-order'),
} as const
type ExampleName = keyof typeof EXAMPLES

let folder = ''

// Within the repository, so that imports lead where they lead a function's.
beforeAll(async () => {
  await mkdir('.ebb', { recursive: true })
  folder = await mkdtemp(join('.ebb', 'types-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const TSCONFIG = { extends: '../../../tsconfig.json', include: ['functions', 'client.ts'] }

/** How many types the compiler instantiates for a project of so many endpoints like these, all called by one client. */
async function instantiationsOf(examples: readonly ExampleName[], count: number): Promise<number> {
  const project = join(folder, `${examples.length}-${examples[0]}-${count}`)
  const names = Array.from({ length: count }, (_, i) => `e${i}`)
  await mkdir(project)
  for (const root of [TEST_PROJECT, FIXTURES])
    await cp(join(root, 'domain'), join(project, 'domain'), { recursive: true })
  for (const [i, name] of names.entries()) {
    const example = examples[i % examples.length] ?? 'place-order'
    for (const file of ['contract.ts', 'handler.ts', 'index.ts']) {
      await cp(join(EXAMPLES[example], file), join(project, 'functions', name, file))
    }
  }
  const client = [
    `import { createClient } from 'ebb/client'`,
    ...names.map((name) => `import ${name} from './functions/${name}/contract.ts'`),
    `export const client = createClient({ ${names.join(', ')} }, { baseUrl: 'http://localhost', key: 'k' })`,
    ...names.map(
      (name) => `export const call_${name} = (...input: Parameters<typeof client.${name}>) => client.${name}(...input)`,
    ),
  ]
  await writeFile(join(project, 'client.ts'), client.join('\n'))
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  // One thread, so that each thing is instantiated once.
  const options = ['--project', project, '--extendedDiagnostics', '--singleThreaded']
  const { stdout } = await promisify(execFile)('node_modules/.bin/tsc', options)
  return Number(/^Instantiations:\s*(\d+)$/m.exec(stdout)?.[1])
}

const ALL = Object.keys(EXAMPLES) as ExampleName[]

it.each(ALL)('one more endpoint like %s costs the compiler little', async (example) => {
  const [few, twice] = [await instantiationsOf([example], FEW), await instantiationsOf([example], FEW * 2)]
  const each = (twice - few) / FEW
  expect(each).toBeGreaterThan(0)
  expect(each).toBeLessThanOrEqual(MAX_INSTANTIATIONS)
})

it('what each costs is the same among 100, 300 and 500', async () => {
  const [few, more, most] = [
    await instantiationsOf(ALL, 100),
    await instantiationsOf(ALL, 300),
    await instantiationsOf(ALL, 500),
  ]
  const [first, second] = [(more - few) / 200, (most - more) / 200]
  expect(first).toBeLessThanOrEqual(MAX_INSTANTIATIONS)
  expect(Math.abs(second / first - 1)).toBeLessThan(0.05)
})
