import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import type { FunctionContract } from '../contract/index.ts'
import { importCallees } from '../deploy/import-sources.ts'
import { PLATFORM, PLATFORM_PACKAGE, platformExports, platformModule } from '../deploy/platform-files.ts'
import { readProjectManifest } from '../deploy/project-manifest.ts'
import { rolesInPolicy } from './build-in-policy.ts'
import { bundleContracts, replacePointer } from './bundle-contracts.ts'
import { bundleFunction, NODE_FLAGS } from './bundle-function.ts'
import { findBundledPackages, findRequiredPackages } from './packages.ts'
import { warmUp } from './warm-up/warm-up.ts'
import { bytesIn, type Chunk } from './write-chunk.ts'
import { BILL_OF_MATERIALS, NOTICES, writeInventory } from './write-inventory.ts'

interface ImageSize {
  /** The size of what can be loaded: without source maps, caches and the inventory of packages. */
  readonly bytes: number
  readonly cacheBytes: number
}

/** Builds what a function's image contains: `start.cjs`, the bundle and its parts, their code caches after a warm-up, and an inventory. */
export async function buildFunction(project: string, contract: FunctionContract, folder: string): Promise<ImageSize> {
  const { file, parts, native } = await bundleFunction(project, contract.name, folder, { start: 'start.cjs' })
  const copied = await copyPackages(project, native, folder)
  await warmUp(file, contract, {
    ...{ nodeFlags: NODE_FLAGS, roles: rolesInPolicy(project) },
    callees: await importCallees(project, contract),
  })
  const packages = Object.values(parts).flatMap((part) => findBundledPackages(part).map((each) => each.folder))
  await writeInventory(contract.name, folder, [...packages, ...copied])
  return measureImage(folder)
}

/** Copies packages, with those that they need, into node_modules of the folder; returns where they were. */
async function copyPackages(home: string, names: readonly string[], folder: string): Promise<readonly string[]> {
  const copied = await findRequiredPackages(home, names)
  for (const { from, to } of copied) {
    await cp(from, join(folder, to), { recursive: true, filter: isLoaded })
  }
  return copied.map(({ from }) => from)
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
  /** The first line of its program. */
  readonly first?: string
  /** Whether it serves contracts. */
  readonly contracts?: true
  /** Whether its packages are bundled, too: nothing instruments them. */
  readonly whole?: true
  /** Folders of the platform and of the project that are copied beside its program, by their new names. */
  readonly files?: Readonly<Record<string, { readonly platform: string } | { readonly project: string }>>
}

/** The images that are not functions. */
const services: Readonly<Record<string, Service>> = {
  gateway: { contracts: true, packages: ['swagger-ui-dist'] },
  // OpenTelemetry's instrumentation hooks `require`, so it comes first; the gateway creates its spans itself.
  relay: {
    contracts: true,
    packages: ['@opentelemetry/auto-instrumentations-node'],
    first: "require('@opentelemetry/auto-instrumentations-node/register')\n",
  },
  console: {},
  migrate: {
    whole: true,
    files: {
      'migrations/platform': { platform: 'src/data/migrations' },
      'migrations/team': { project: 'domain/migrations' },
    },
  },
}

/** The names of the services that `ebb build` knows how to build. */
export const SERVICES = Object.keys(services)

/**
 * Builds what a service's image contains: its sources in one CommonJS file, the packages that it needs in node_modules, where
 * instrumentation finds them, and what else its program reads.
 */
export async function buildService(project: string, name: string, folder: string): Promise<ImageSize> {
  const { contracts, files = {}, first = '', packages = [], whole = false } = services[name] ?? {}
  await mkdir(folder, { recursive: true })
  const program = await bundleService(name, join(folder, 'main.cjs'), { whole })
  const bundles: Pick<Chunk, 'bytesOf'>[] = [program]
  if (contracts) {
    const { version } = await readProjectManifest(project)
    const bundle = await bundleContracts(project, folder, { version })
    await replacePointer(join(folder, 'contracts'), bundle)
    bundles.push(bundle)
  }
  for (const [to, from] of Object.entries(files)) {
    const path = 'project' in from ? join(project, from.project) : join(PLATFORM, from.platform)
    // A project may have none of its own.
    if ('platform' in from || existsSync(path)) await cp(path, join(folder, to), { recursive: true })
  }
  await writeFile(join(folder, 'start.cjs'), `${first}require('./main.cjs')\n`)
  const copied = await copyPackages(PLATFORM_PACKAGE, [...program.imports, ...packages], folder)
  const bundled = bundles.flatMap((bundle) => findBundledPackages(bundle).map((each) => each.folder))
  await writeInventory(name, folder, [...bundled, ...copied])
  return measureImage(folder)
}

/** Types, source maps and documentation are not loaded; nested packages are copied by themselves. */
const isLoaded = (path: string) =>
  !/(\.d\.[cm]?ts|\.[cm]?ts|\.map|\.md)$/.test(path) && !/[/\\]node_modules[/\\].*[/\\]node_modules$/.test(path)

/**
 * Bundles a service's own sources into one file, and its packages, too, where it is to be `whole`; otherwise these stay in
 * node_modules. Returns the packages that it imports, and what the file consists of.
 */
async function bundleService(
  name: string,
  outfile: string,
  { whole = false }: { readonly whole?: boolean } = {},
): Promise<{ readonly imports: readonly string[] } & Pick<Chunk, 'bytesOf'>> {
  const { metafile } = await build({
    // Relative, since a path with a star is a pattern to esbuild.
    entryPoints: [`./${relative(PLATFORM, platformModule(`services/${name}/index`))}`],
    ...{ bundle: true, platform: 'node', target: 'node26', format: 'cjs', keepNames: true },
    ...(whole ? { external: ['pg-native'] } : { packages: 'external' as const }),
    ...{ alias: platformExports(), legalComments: 'none', metafile: true, logLevel: 'silent', outfile },
    absWorkingDir: PLATFORM,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  const isPackage = (path: string) => !path.startsWith('node:') && !builtinModules.includes(path)
  return { imports: [...new Set(imports)].filter(isPackage), bytesOf: bytesIn(metafile, PLATFORM) }
}
