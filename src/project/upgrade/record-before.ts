import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContractsData } from '../../deploy/contracts-data.ts'
import { loadContractsData } from '../../deploy/load-contracts.ts'
import { PLATFORM } from '../../deploy/platform-files.ts'
import { type Journal, workFolder } from '../checkpoint.ts'
import { readHead } from '../git.ts'
import type { PlannedUpgrade } from './plan-upgrade.ts'

/** The folder of the platform's migrations. */
export const PLATFORM_MIGRATIONS = join(PLATFORM, 'src/data/migrations')

/** Records how a project is before its upgrade, for the new version to compare with. */
export async function recordBefore(project: string, { from, to, added }: PlannedUpgrade): Promise<Journal> {
  await mkdir(workFolder(project), { recursive: true })
  // Contracts that do not load are no reason not to upgrade: there is just nothing to compare with.
  const contracts = await loadContractsData(project).catch(() => undefined)
  if (contracts) await writeFile(contractsFile(project), JSON.stringify(contracts))
  const migrations = await readdir(PLATFORM_MIGRATIONS)
  return { doing: 'upgrade', head: await readHead(project), step: 'changing', from, to, added, migrations }
}

/** The contracts as the version before described them; undefined if that is not known. */
export async function readContractsBefore(project: string): Promise<ContractsData | undefined> {
  const text = await readFile(contractsFile(project), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

const contractsFile = (project: string) => join(workFolder(project), 'contracts.json')
