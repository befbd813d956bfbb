import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { findPackageFolder, packageName } from './packages.ts'

/**
 * Leaves out of a bundle the packages that have compiled parts, which no bundle can hold: they lie in node_modules beside it, with
 * what they need. Their binaries are those that npm has installed on the machine that builds, which are prebuilt for its system.
 */
export function keepNativePackages(): Plugin {
  const known = new Map<string, boolean>()
  return {
    name: 'keep-native-packages',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^[@a-z]/ }, ({ path, resolveDir }) => {
        // The laptop's Postgres and Node have a package for each system; nothing that a function imports of it needs them.
        if (packageName(path) === 'ebb') return undefined
        const folder = findPackageFolder(packageName(path), resolveDir)
        if (folder === undefined) return undefined
        if (!known.has(folder)) known.set(folder, isNative(folder))
        return known.get(folder) ? { path, external: true } : undefined
      })
    },
  }
}

interface Manifest {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly os?: readonly string[]
}

/**
 * Whether a package has binaries: by the conventions of prebuilt ones, a package for each system among its optional dependencies
 * (napi-rs, sharp), or a folder `prebuilds` (node-gyp-build); or one that was compiled here.
 */
function isNative(folder: string): boolean {
  if (existsSync(join(folder, 'prebuilds')) || existsSync(join(folder, 'build/Release'))) return true
  const { optionalDependencies = {} } = readManifest(folder)
  return Object.keys(optionalDependencies).some((name) => {
    const installed = findPackageFolder(name, folder)
    return installed !== undefined && readManifest(installed).os !== undefined
  })
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
