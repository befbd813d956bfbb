import { join } from 'node:path'
import { diffContracts } from '../../deploy/contracts-diff/index.ts'
import { loadContractsData } from '../../deploy/load-contracts.ts'
import { PLATFORM_PACKAGE, readPlatformManifest } from '../../deploy/platform-files.ts'
import { ConfigError } from '../../kernel/index.ts'
import { readJournal } from '../checkpoint.ts'
import { compareVersions, isVersion } from '../versions.ts'
import { readChanges } from './changelog.ts'
import { checkMigrations } from './check-migrations.ts'
import { codemods } from './codemods/index.ts'
import { readContractsBefore } from './record-before.ts'
import { renderAnew } from './render-anew.ts'
import { runCodemods } from './run-codemods.ts'

type Print = (line: string) => void

/**
 * The part of an upgrade that the new version does: changes the project's code and rendered files from what version `from`
 * expects to what this version expects, and prints what a person has to look at. To repeat it changes nothing more.
 */
export async function applyUpgrade(project: string, from: string, print: Print): Promise<void> {
  const { version } = readPlatformManifest()
  if (project === PLATFORM_PACKAGE)
    throw new ConfigError('this is the repository of Ebb itself, which is upgraded with git')
  if (!isVersion(from)) throw new ConfigError(`${from} is no version, such as 1.2.3`)
  if (compareVersions(from, version) > 0) throw new ConfigError(`${from} is newer than this Ebb, ${version}: npm ci`)
  const changed = await runCodemods(project, codemods, { from, to: version })
  printSection(print, 'Changed in your code:', changed.changes)
  printSection(print, 'Rendered:', await renderAnew(project))
  const { migrations } = (await readJournal(project)) ?? {}
  printSection(print, 'Look at:', [
    ...changed.notes,
    ...(await findContractChanges(project)),
    ...(await checkMigrations(project, migrations)),
  ])
  for (const { version: since, lines } of await readChanges(join(PLATFORM_PACKAGE, 'CHANGELOG.md'), {
    from,
    to: version,
  })) {
    printSection(print, `What ${since} changes for you (CHANGELOG.md):`, lines)
  }
}

function printSection(print: Print, title: string, lines: readonly string[]): void {
  if (lines.length > 0) print(['', title, ...lines.map((line) => `  ${line}`)].join('\n'))
}

/** What callers, readers and deliveries see differently, though the team's contracts say the same. */
async function findContractChanges(project: string): Promise<readonly string[]> {
  const before = await readContractsBefore(project)
  if (!before) return []
  const findings = diffContracts(before, await loadContractsData(project))
  return findings.map(
    ({ where, effect, whom, says }) => `${where}: ${says}${effect === 'breaks' ? ` (breaks ${whom})` : ''}`,
  )
}
