import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleContracts, bundleService, type Part, pointTo } from '../../deploy/index.ts'
import type { Built } from './build-function.ts'
import { measure } from './build-function.ts'
import { packagesIn } from './packages-in.ts'
import { packagesOf } from './packages-of.ts'
import { writeInventory } from './write-inventory.ts'

interface Service {
  /** Packages that it needs besides those that its sources import. */
  readonly packages?: readonly string[]
  /** What its program does first. */
  readonly first?: string
  /** Whether it serves by the contracts. */
  readonly contracts?: true
  /** Whether its packages are in the same file: nothing hooks them. */
  readonly whole?: true
  /** Folders of the checkout that lie beside its program, by their names there. */
  readonly files?: Readonly<Record<string, string>>
}

/** What has an image and is no function. */
const services: Readonly<Record<string, Service>> = {
  gateway: { contracts: true, packages: ['swagger-ui-dist'] },
  // OpenTelemetry's own instrumentation hooks `require`, so it comes first; the gateway has spans of its own.
  relay: {
    contracts: true,
    packages: ['@opentelemetry/auto-instrumentations-node'],
    first: "require('@opentelemetry/auto-instrumentations-node/register')\n",
  },
  migrate: {
    whole: true,
    files: { 'migrations/platform': 'src/data/migrations', 'migrations/team': 'domain/migrations' },
  },
}

export const SERVICES = Object.keys(services)

/**
 * Builds what a service's image holds: its sources in one CommonJS file, the packages that it needs apart in
 * node_modules, where instrumentation finds them, and what else lies beside its program.
 */
export async function buildService(root: string, name: string, folder: string): Promise<Built> {
  const { contracts, files = {}, first = '', packages = [], whole = false } = services[name] ?? {}
  await mkdir(folder, { recursive: true })
  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const program = await bundleService(root, name, join(folder, 'main.cjs'), { whole })
  const bundles: Pick<Part, 'bytesOf'>[] = [program]
  if (contracts) {
    const bundle = await bundleContracts(root, folder, { version })
    await pointTo(join(folder, 'contracts'), bundle)
    bundles.push(bundle)
  }
  for (const [to, from] of Object.entries(files)) await cp(join(root, from), join(folder, to), { recursive: true })
  await writeFile(join(folder, 'start.cjs'), `${first}require('./main.cjs')\n`)
  const copied = await packagesOf(root, [...program.imports, ...packages])
  for (const { from, to } of copied) {
    await cp(from, join(folder, to), { recursive: true, filter: isLoaded })
  }
  const bundled = bundles.flatMap((bundle) => packagesIn(bundle).map((each) => each.folder))
  await writeInventory(name, folder, [...bundled, ...copied.map(({ from }) => from)])
  return measure(folder)
}

/** Types, source maps and what is written for people are nothing that runs; nested packages come by themselves. */
const isLoaded = (path: string) =>
  !/(\.d\.[cm]?ts|\.[cm]?ts|\.map|\.md)$/.test(path) && !/[/\\]node_modules[/\\].*[/\\]node_modules$/.test(path)
