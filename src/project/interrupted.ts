import { PLATFORM_PACKAGE } from '../deploy/platform-files.ts'
import { ConfigError } from '../kernel/index.ts'
import { type Journal, readJournal, removeJournal, restore } from './checkpoint.ts'
import { assertCommitted, findUncommitted, readHead, undoCommand } from './git.ts'
import { DISK_FULL } from './npm.ts'

/**
 * Makes sure that a project can be changed, and the change undone: all is committed, apart from what an interrupted change has
 * left. That is undone here, or, where a person may have worked on it since, its journal returned. Throws a ConfigError.
 */
export async function prepareChange(project: string): Promise<Journal | undefined> {
  if (project === PLATFORM_PACKAGE) {
    throw new ConfigError('this is the repository of Ebb itself, which is upgraded with git')
  }
  const head = await readHead(project)
  const journal = await readJournal(project)
  if (journal) {
    const isStale = journal.head !== head || (await findUncommitted(project)).length === 0
    if (!isStale && journal.step !== 'changing') return journal
    if (!isStale) await restore(project, journal)
  }
  await removeJournal(project)
  await assertCommitted(project)
  return undefined
}

/** The error for a change that has to wait for an interrupted one. */
export async function notFinished(project: string, { doing, to }: Journal): Promise<ConfigError> {
  const undo = await undoCommand(project)
  return new ConfigError(
    `ebb ${doing} to ${to} is not finished: npx ebb ${doing} goes on, and ${undo} && npm ci undoes it`,
  )
}

/** Runs a change that leaves no trace where it fails: of what it has changed, and of what the journal says it adds. */
export async function changeOrRestore<Result>(
  project: string,
  journal: Pick<Journal, 'added'>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    await restore(project, journal)
    await removeJournal(project)
    throw describeSystemError(cause)
  }
}

/** A full disk in one sentence. */
function describeSystemError(cause: unknown): unknown {
  if (Object(cause).code !== 'ENOSPC') return cause
  return new ConfigError(DISK_FULL, { cause })
}
