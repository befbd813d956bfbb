import { readFileSync } from 'node:fs'

/** A version that CHANGELOG.md has a section about. */
export interface Release {
  readonly version: string
  /** The commit that it is, where it is released. */
  readonly commit: string | undefined
}

const HEADING = /^## (\d+\.\d+\.\d+) \((?:Unreleased|\d{4}-\d\d-\d\d)(?:, commit ([0-9a-f]{7,40}))?\)$/

/** The versions of CHANGELOG.md, newest first. Throws for a heading in another form. */
export function readReleases(text = readFileSync('CHANGELOG.md', 'utf8')): readonly Release[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('## '))
    .map((line) => {
      const [, version, commit] = HEADING.exec(line) ?? []
      if (!version) throw new Error(`CHANGELOG.md: write "${line}" as "## 1.2.3 (2026-12-31, commit 0123abc)"`)
      return { version, commit }
    })
}

/** Of two versions, which of their first numbers differ: `0.2.1` and `0.2.3` are one minor release. */
export const isSameMinor = (one: string, other: string): boolean =>
  one.split('.', 2).join('.') === other.split('.', 2).join('.')

/** Orders versions, the lower one first. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number))
  const at = [0, 1, 2].find((i) => a?.[i] !== b?.[i])
  return at === undefined ? 0 : (a?.[at] ?? 0) - (b?.[at] ?? 0)
}
