import { readFileSync } from 'node:fs'
import { type Release, readReleases } from '../upgrade/releases.ts'

/** The releases of CHANGELOG.md, newest first. */
export const readChangelog = (): readonly Release[] => readReleases(readFileSync('CHANGELOG.md', 'utf8'))

/** Whether two versions are of one minor release, such as 0.2.1 and 0.2.3. */
export const isSameMinor = (one: string, other: string): boolean =>
  one.split('.', 2).join('.') === other.split('.', 2).join('.')

/** Orders versions, the lower one first. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number))
  const at = [0, 1, 2].find((i) => a?.[i] !== b?.[i])
  return at === undefined ? 0 : (a?.[at] ?? 0) - (b?.[at] ?? 0)
}
