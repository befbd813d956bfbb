import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { TEST_PROJECT } from './support/project.ts'

/** Of the compiler, for one more endpoint with its handler and a call of it. */
const MAX_INSTANTIATIONS = 4_000
/** How many endpoints a project has. */
const COUNTS = [100, 300, 500] as const

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

/** How many types the compiler instantiates for a project of so many endpoints like this one, all called by one client. */
async function instantiationsOf(example: ExampleName, count: number): Promise<number> {
  const project = join(folder, `${example}-${count}`)
  const names = Array.from({ length: count }, (_, i) => `e${i}`)
  await mkdir(project)
  await cp(join(TEST_PROJECT, 'domain'), join(project, 'domain'), { recursive: true })
  await cp(join(FIXTURES, 'domain'), join(project, 'domain'), { recursive: true })
  for (const name of names) {
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

it.each(Object.keys(EXAMPLES) as ExampleName[])(
  'an endpoint like %s costs the compiler little, and no more the more there are',
  async (example) => {
    const found: number[] = []
    for (const count of COUNTS) found.push(await instantiationsOf(example, count))
    const [few = 0, more = 0, most = 0] = found
    const [first, second] = [(more - few) / (COUNTS[1] - COUNTS[0]), (most - more) / (COUNTS[2] - COUNTS[1])]
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThanOrEqual(MAX_INSTANTIATIONS)
    expect(Math.abs(second / first - 1)).toBeLessThan(0.05)
  },
)
