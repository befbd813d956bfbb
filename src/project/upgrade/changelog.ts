import { readFile } from 'node:fs/promises'
import { compareVersions } from '../versions.ts'

/** What one version says to users. */
interface Changes {
  readonly version: string
  readonly lines: readonly string[]
}

/** A heading of a version, such as `## 1.2.3 (2026-11-29)`. */
const VERSION_HEADING = /^## +\[?v?(\d+\.\d+\.\d+[^\s\]]*)/
/** Headings below which stands what a person has to do. */
const FOR_USERS = /^### +(for users|upgrading|what you do|breaking)/i

/**
 * Reads from a CHANGELOG.md what the versions after `from`, up to `to`, say to users, the oldest first: the sections for users
 * where a version has any, else all of it. Empty where there is no such file.
 */
export async function readChanges(
  file: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<readonly Changes[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const versions: { version: string; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    const [, version] = VERSION_HEADING.exec(line) ?? []
    if (version) versions.push({ version, lines: [] })
    else if (line.startsWith('## ')) versions.push({ version: '0.0.0', lines: [] })
    else versions.at(-1)?.lines.push(line)
  }
  return versions
    .filter(({ version }) => compareVersions(version, from) > 0 && compareVersions(version, to) <= 0)
    .toSorted((one, other) => compareVersions(one.version, other.version))
    .map(({ version, lines }) => ({ version, lines: linesForUsers(lines) }))
}

function linesForUsers(lines: readonly string[]): readonly string[] {
  let isFor = false
  const found = lines.filter((line) => {
    if (/^### /.test(line)) isFor = FOR_USERS.test(line)
    return isFor && !/^### /.test(line)
  })
  return (found.length > 0 ? found : lines).filter((line) => line.trim() !== '')
}
