import type { Manifest } from '../manifest.ts'
import { PACKAGE } from '../npm.ts'
import type { ProjectDependencies } from '../packed-platform.ts'
import { compareVersions, isVersion } from '../versions.ts'

/** What an upgrade makes of a package.json, and a sentence for each version that it leaves to a person. */
export interface ManifestPlan {
  readonly manifest: Manifest
  readonly sentences: readonly string[]
}

/**
 * Raises the dependency on Ebb, if one is given, and the packages that a project has with this version of it. A package that
 * the project does not have is not added, and one that is newer there, or no version at all, stays.
 */
export function planManifest(
  manifest: Manifest,
  { dependency, wanted }: { readonly dependency?: string; readonly wanted: ProjectDependencies },
): ManifestPlan {
  const sentences: string[] = []
  const versions = { ...wanted.dependencies, ...wanted.devDependencies }
  const raise = (part: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(part).map(([name, current]) => {
        if (name === PACKAGE && dependency) return [name, dependency]
        const version = versions[name]
        if (version === undefined) return [name, current]
        const raised = raiseVersion(current, version)
        if (raised === undefined) sentences.push(`${name} is ${current} here, and Ebb is tested with ${version}`)
        return [name, raised ?? current]
      }),
    )
  const parts = (['dependencies', 'devDependencies'] as const).flatMap((part) =>
    manifest[part] ? [[part, raise(manifest[part])] as const] : [],
  )
  return { manifest: { ...manifest, ...Object.fromEntries(parts) }, sentences }
}

/** With the range operator that it has; undefined where it is newer already, or not to be compared. */
function raiseVersion(current: string, version: string): string | undefined {
  const [, operator = '', has = ''] = /^([~^]?)(.*)$/.exec(current) ?? []
  if (!isVersion(has) || compareVersions(has, version) > 0) return undefined
  return `${operator}${version}`
}
