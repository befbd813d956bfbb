import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { type Journal, keepManifests, removeJournal, writeJournal } from '../checkpoint.ts'
import { undoCommand } from '../git.ts'
import { changeOrRestore, notFinished, prepareChange } from '../interrupted.ts'
import { readManifest, writeManifest } from '../manifest.ts'
import { installPackages } from '../npm.ts'
import { readProjectDependencies } from '../packed-platform.ts'
import { runInstalled } from '../run-installed.ts'
import { isVersion } from '../versions.ts'
import { assertResolved, mergeOwned } from './merge-owned.ts'
import { planManifest } from './plan-manifest.ts'
import { type PlannedUpgrade, planUpgrade } from './plan-upgrade.ts'
import { recordBefore } from './record-before.ts'

type Print = (line: string) => void

/**
 * Upgrades a project to a version of the registry, or to a packed file; default: the newest version. Changes package.json and
 * the lock file, installs the version, and lets its own code do the rest (`ebb upgrade --apply`). Nothing is committed. Throws
 * a ConfigError of one sentence, with everything as it was, or with what to do to go on.
 */
export async function upgrade(project: string, given: string | undefined, print: Print): Promise<void> {
  const interrupted = await prepareChange(project)
  if (interrupted) return goOn(project, interrupted, given, print)
  const planned = await changeOrRestore(project, { added: [] }, () => planUpgrade(project, given))
  if (!planned) return print('This project has this version of Ebb already.')
  const { from, to } = planned
  const undo = `${await undoCommand(project)} && npm ci`
  print(`Upgrading from Ebb ${from} to ${to}. To undo it, now or later: ${undo}`)
  const journal = await changeOrRestore(project, { added: [] }, () => recordBefore(project, planned))
  const next = await changeOrRestore(project, journal, () => change(project, planned, journal, print))
  if (next.step === 'resolving') throw await conflictError(project, next)
  await apply(project, next, print)
}

/** Changes what the version that the project had can change; until this ends, all of it is undone where it fails. */
async function change(project: string, planned: PlannedUpgrade, journal: Journal, print: Print): Promise<Journal> {
  await keepManifests(project)
  await writeJournal(project, journal)
  const { sentences, conflicts } = await mergeOwned(project, planned)
  const manifest = planManifest(await readManifest(project), {
    ...(planned.dependency ? { dependency: planned.dependency } : {}),
    wanted: await readProjectDependencies(planned.platform.folder),
  })
  await planned.placeFile()
  await writeManifest(project, manifest.manifest)
  for (const sentence of [...sentences, ...manifest.sentences]) print(`  ${sentence}`)
  const merged = { ...journal, replaced: planned.replaced, conflicts }
  if (conflicts.length > 0) return enter(project, { ...merged, step: 'resolving' })
  return install(project, merged)
}

/** Installs what package.json says now; from then on the new version goes on. */
async function install(project: string, journal: Journal): Promise<Journal> {
  await installPackages(project)
  for (const file of journal.replaced ?? []) await rm(join(project, file), { force: true })
  return enter(project, { ...journal, step: 'applying' })
}

async function enter(project: string, journal: Journal): Promise<Journal> {
  await writeJournal(project, journal)
  return journal
}

/** Goes on with an upgrade that has conflicts, or in which the new version failed. */
async function goOn(project: string, journal: Journal, given: string | undefined, print: Print): Promise<void> {
  const isOther = given !== undefined && isVersion(given) && given !== journal.to
  if (journal.doing !== 'upgrade' || isOther) throw await notFinished(project, journal)
  print(`Going on with the upgrade from Ebb ${journal.from} to ${journal.to}.`)
  if (journal.step === 'applying') return apply(project, journal, print)
  await assertResolved(project, journal.conflicts ?? [])
  await apply(project, await install(project, journal), print)
}

/** Lets the new version do the rest, as a process of its own. */
async function apply(project: string, { from }: Journal, print: Print): Promise<void> {
  const { code, stdout, stderr } = await runInstalled(project, ['upgrade', '--apply', from])
  if (stdout.trim() !== '') print(stdout.trimEnd())
  const undo = `${await undoCommand(project)} && npm ci`
  if (code !== 0) {
    const message = stderr.trim().replace(/^ebb: /, '') || 'the new version was killed'
    throw new ConfigError(`${message}\nMend that, and npx ebb upgrade goes on; or undo all of it: ${undo}`)
  }
  await removeJournal(project)
  print(`\nNothing is committed yet: look at git diff, and run npm test. To undo all of it: ${undo}`)
}

async function conflictError(project: string, { conflicts = [], to }: Journal): Promise<ConfigError> {
  const undo = `${await undoCommand(project)} && npm ci`
  const what = conflicts.length === 1 ? 'the conflict' : `the ${conflicts.length} conflicts`
  return new ConfigError(`resolve ${what} with Ebb ${to}, and npx ebb upgrade goes on; or undo all of it: ${undo}`)
}
