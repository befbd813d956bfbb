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
  /** Its path in the folder that it is copied to, `node_modules/…`. */
  readonly to: string
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/**
 * The installed packages that these depend on, transitively, as Node resolves them from where each is installed. `home` is the
 * folder of the package that needs them. Its own node_modules and those of the folders above it become one folder; where two
 * copies want the same place there, the second lies in the package that needs it.
 */
export async function findRequiredPackages(
  home: string,
  names: readonly string[],
): Promise<readonly RequiredPackage[]> {
  const placed = new Map<string, string>()
  const visit = async (name: string, needed: RequiredPackage): Promise<void> => {
    const from = findPackageFolder(name, needed.from)
    // An optional dependency may not be installed.
    if (!from) return
    const places = [placeOf(from, home), join(needed.to, 'node_modules', name)]
    const to = places.find((place) => (placed.get(place) ?? from) === from)
    if (!to || placed.has(to)) return
    placed.set(to, from)
    const { dependencies, optionalDependencies, peerDependencies }: Manifest = JSON.parse(
      await readFile(join(from, 'package.json'), 'utf8'),
    )
    const needs = { ...dependencies, ...optionalDependencies, ...peerDependencies }
    for (const need of Object.keys(needs).filter((need) => !need.startsWith('@types/'))) await visit(need, { from, to })
  }
  for (const name of names) await visit(packageName(name), { from: home, to: '' })
  return [...placed].map(([to, from]) => ({ from, to }))
}

/** `@scope/name` for `@scope/name/deep/file`. */
export const packageName = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** The folders from one up to the root of the file system. */
function* foldersFrom(folder: string): Generator<string> {
  yield folder
  if (dirname(folder) !== folder) yield* foldersFrom(dirname(folder))
}

/** Where Node finds a package from a folder. */
export function findPackageFolder(name: string, from: string): string | undefined {
  for (const folder of foldersFrom(from)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return undefined
}

/** The path of an installed package below the nearest folder above `home` in whose node_modules it is. */
function placeOf(folder: string, home: string): string {
  const above = foldersFrom(home).find((base) => folder.startsWith(join(base, 'node_modules/')))
  return relative(above ?? home, folder)
}
