import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { importFunction } from '../deploy/import-sources.ts'
import { buildFunction, buildService, SERVICES } from './build-image.ts'
import { bundleFunction } from './bundle-function.ts'
import { findBundledPackages, type Package } from './packages.ts'
import { BILL_OF_MATERIALS, NOTICES, writeInventory } from './write-inventory.ts'

/** Images may be distributed under these licences, with their notices. */
const FREE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0']
/** Its authors published it (MIT) without one. */
const WITHOUT_TEXT = 'eastasianwidth'
const FUNCTION = 'send-welcome-email'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-inventory-'))
  await buildFunction(TEST_PROJECT, await importFunction(TEST_PROJECT, FUNCTION), join(folder, FUNCTION))
  for (const name of SERVICES) await buildService(TEST_PROJECT, name, join(folder, name))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Component {
  readonly name: string
  readonly version: string
  readonly licenses?: readonly { readonly expression: string }[]
}
const componentsOf = async (name: string): Promise<readonly Component[]> =>
  JSON.parse(await readFile(join(folder, name, BILL_OF_MATERIALS), 'utf8')).components
const noticesOf = (name: string) => readFile(join(folder, name, NOTICES), 'utf8')

describe.each([FUNCTION, ...SERVICES])('the image of %s', (name) => {
  it('lists its packages and its Node, each under a licence that lets it be passed on', async () => {
    const [node, ...packages] = await componentsOf(name)
    expect(node).toMatchObject({ type: 'platform', name: 'node', version: process.versions.node })
    expect(packages.map((each) => each.name)).toContain(name === 'console' ? 'oauth4webapi' : 'pg')
    const licences = packages.flatMap(({ licenses = [{ expression: 'none' }] }) => licenses[0]?.expression)
    expect(licences.filter((licence) => !FREE.includes(licence ?? ''))).toEqual([])
  })

  it('has the text of the licence of each', async () => {
    const notices = await noticesOf(name)
    const [, ...packages] = await componentsOf(name)
    const missing = packages.filter((each) => !notices.includes(`\n${each.name} ${each.version} (`))
    expect(missing).toEqual([])
    const bare = [...notices.matchAll(/^(\S+) .*\n=+\nIt comes without the text of a licence/gm)].map(
      ([, which]) => which,
    )
    expect(bare.filter((which) => which !== WITHOUT_TEXT)).toEqual([])
  })
})

it('lists all that is in the bundle of a function and in its lazy parts, with copyrights word for word', async () => {
  const { parts } = await bundleFunction(TEST_PROJECT, FUNCTION, join(folder, 'again'))
  const bundled = Object.values(parts).flatMap((part): readonly Package[] => findBundledPackages(part))
  const listed = (await componentsOf(FUNCTION)).map((each) => `${each.name} ${each.version}`)
  expect(new Set(listed.slice(1))).toEqual(new Set(bundled.map((each) => `${each.name} ${each.version}`)))
  const notices = await noticesOf(FUNCTION)
  for (const name of ['express', 'nodemailer', 'zod']) {
    expect(notices).toContain((await readFile(join('node_modules', name, 'LICENSE'), 'utf8')).trim())
  }
})

it('lists what was copied beside a service, what is in its contracts, and what a package has taken in', async () => {
  const listed = (await componentsOf('relay')).map(({ name }) => name)
  expect(listed).toEqual(expect.arrayContaining(['@opentelemetry/auto-instrumentations-node', 'prom-client', 'zod']))
  const shimmer = 'node_modules/@opentelemetry/instrumentation/LICENSES/shimmer/LICENSE'
  expect(await noticesOf('relay')).toContain((await readFile(shimmer, 'utf8')).trim())
})

it('the same packages give the same bytes', async () => {
  const packages = ['pg', 'zod'].map((name) => resolve('node_modules', name))
  const read = () => Promise.all([BILL_OF_MATERIALS, NOTICES].map((file) => readFile(join(folder, file), 'utf8')))
  await writeInventory('one', folder, packages)
  const first = await read()
  await writeInventory('one', folder, packages.toReversed())
  expect(await read()).toEqual(first)
})
