import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

interface Package {
  readonly from: string
  /** Below whatever folder it is copied to: as it lies below the checkout. */
  readonly to: string
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The installed packages that these need, and those that they need, as Node finds them from where each lies. */
export async function packagesOf(root: string, names: readonly string[]): Promise<readonly Package[]> {
  const found = new Map<string, Package>()
  const visit = async (name: string, from: string): Promise<void> => {
    const folder = find(name, from, root)
    // An optional one that is not installed is not missed.
    if (!folder || found.has(folder)) return
    found.set(folder, { from: folder, to: relative(root, folder) })
    const { dependencies, optionalDependencies, peerDependencies }: Manifest = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    )
    const needed = { ...dependencies, ...optionalDependencies, ...peerDependencies }
    for (const need of Object.keys(needed).filter((need) => !need.startsWith('@types/'))) await visit(need, folder)
  }
  for (const name of names) await visit(packageOf(name), root)
  return [...found.values()]
}

/** `@scope/name/deep/file` is of `@scope/name`. */
const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

function find(name: string, from: string, root: string): string | undefined {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return undefined
}
