import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnyContract } from '../contract/index.ts'
import { bundleContracts, replacePointer } from './bundle-contracts.ts'
import { bundleFunction, NODE_FLAGS } from './bundle-function.ts'
import { bundleService } from './bundle-service.ts'
import { findBundledPackages, findRequiredPackages } from './packages.ts'
import { warmUp } from './warm-up/warm-up.ts'
import { BILL_OF_MATERIALS, NOTICES, writeInventory } from './write-inventory.ts'
import type { Part } from './write-part.ts'

interface ImageSize {
  /** Of what can be loaded: without source maps, caches, and what is told of the packages. */
  readonly bytes: number
  readonly cacheBytes: number
}

/** Builds what a function's image holds: the bundle and its parts, `start.cjs`, their code caches after a warm-up, and of what they are made. */
export async function buildFunction(root: string, contract: AnyContract, folder: string): Promise<ImageSize> {
  const { file, parts } = await bundleFunction(root, contract.name, folder, { start: 'start.cjs' })
  await warmUp(file, contract, { nodeFlags: NODE_FLAGS })
  const packages = Object.values(parts).flatMap((part) => findBundledPackages(part).map((each) => each.folder))
  await writeInventory(contract.name, folder, packages)
  return measureImage(folder)
}

const NOT_LOADED = new Set([NOTICES, BILL_OF_MATERIALS])

async function measureImage(folder: string): Promise<ImageSize> {
  const sizes = { bytes: 0, cacheBytes: 0 }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.map') || NOT_LOADED.has(entry.name)) continue
    const { size } = await stat(join(entry.parentPath, entry.name))
    sizes[entry.name.endsWith('.cache') ? 'cacheBytes' : 'bytes'] += size
  }
  return sizes
}

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
export async function buildService(root: string, name: string, folder: string): Promise<ImageSize> {
  const { contracts, files = {}, first = '', packages = [], whole = false } = services[name] ?? {}
  await mkdir(folder, { recursive: true })
  const { version }: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const program = await bundleService(root, name, join(folder, 'main.cjs'), { whole })
  const bundles: Pick<Part, 'bytesOf'>[] = [program]
  if (contracts) {
    const bundle = await bundleContracts(root, folder, { version })
    await replacePointer(join(folder, 'contracts'), bundle)
    bundles.push(bundle)
  }
  for (const [to, from] of Object.entries(files)) await cp(join(root, from), join(folder, to), { recursive: true })
  await writeFile(join(folder, 'start.cjs'), `${first}require('./main.cjs')\n`)
  const copied = await findRequiredPackages(root, [...program.imports, ...packages])
  for (const { from, to } of copied) {
    await cp(from, join(folder, to), { recursive: true, filter: isLoaded })
  }
  const bundled = bundles.flatMap((bundle) => findBundledPackages(bundle).map((each) => each.folder))
  await writeInventory(name, folder, [...bundled, ...copied.map(({ from }) => from)])
  return measureImage(folder)
}

/** Types, source maps and what is written for people are nothing that runs; nested packages come by themselves. */
const isLoaded = (path: string) =>
  !/(\.d\.[cm]?ts|\.[cm]?ts|\.map|\.md)$/.test(path) && !/[/\\]node_modules[/\\].*[/\\]node_modules$/.test(path)
