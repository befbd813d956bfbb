import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Chunk } from './write-chunk.ts'

/** One installed copy of an npm package. */
export interface Package {
  readonly name: string
  readonly version: string
  /** Where it is installed: a nested one is another copy. */
  readonly folder: string
}

const INSTALLED = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/

/** The packages whose code is in a part; each copy of a package separately. */
export function findBundledPackages({ bytesOf }: Pick<Chunk, 'bytesOf'>): readonly Package[] {
  const found = new Map<string, Package>()
  for (const [file, bytes] of bytesOf) {
    const [folder, name] = bytes > 0 ? (INSTALLED.exec(file) ?? []) : []
    if (!folder || !name || found.has(folder)) continue
    const { version }: { version: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    found.set(folder, { name, version, folder })
  }
  return [...found.values()]
}

interface RequiredPackage {
  readonly from: string
  /** Its path relative to the checkout, and to the folder that it is copied to. */
  readonly to: string
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The installed packages that these depend on, transitively, as Node resolves them from where each is installed. */
export async function findRequiredPackages(
  root: string,
  names: readonly string[],
): Promise<readonly RequiredPackage[]> {
  const found = new Map<string, RequiredPackage>()
  const visit = async (name: string, from: string): Promise<void> => {
    const folder = findPackageFolder(name, from, root)
    // An optional dependency may not be installed.
    if (!folder || found.has(folder)) return
    found.set(folder, { from: folder, to: relative(root, folder) })
    const { dependencies, optionalDependencies, peerDependencies }: Manifest = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    )
    const needed = { ...dependencies, ...optionalDependencies, ...peerDependencies }
    for (const need of Object.keys(needed).filter((need) => !need.startsWith('@types/'))) await visit(need, folder)
  }
  for (const name of names) await visit(packageName(name), root)
  return [...found.values()]
}

/** `@scope/name` for `@scope/name/deep/file`. */
const packageName = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

function findPackageFolder(name: string, from: string, root: string): string | undefined {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return undefined
}
