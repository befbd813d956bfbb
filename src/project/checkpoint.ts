import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What is being done to a project, so that it can go on or be undone when it was interrupted. */
export interface Journal {
  readonly doing: 'upgrade' | 'own' | 'own --back'
  /** The commit that it started from. */
  readonly head: string
  /** How far it came: until `applying`, it is undone when it fails. */
  readonly step: 'changing' | 'resolving' | 'applying'
  /** The version that the project was at, and the one that it goes to. */
  readonly from: string
  readonly to: string
  /** The files that are new: to undo is to remove them. */
  readonly added: readonly string[]
  /** The files that are not needed any more once all is installed. */
  readonly replaced?: readonly string[]
  /** The names of the platform's migrations before. */
  readonly migrations?: readonly string[]
  /** The files whose conflicts a person has to resolve. */
  readonly conflicts?: readonly string[]
}

/** The folder for what is needed until it is done; git ignores `.ebb`. */
export const workFolder = (project: string): string => join(project, '.ebb/upgrade')
const journalFile = (project: string) => join(workFolder(project), 'journal.json')

/** Reads the journal of what was interrupted; undefined if nothing was. */
export async function readJournal(project: string): Promise<Journal | undefined> {
  const text = await readFile(journalFile(project), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/** Writes it, completely or not at all. */
export async function writeJournal(project: string, journal: Journal): Promise<void> {
  await mkdir(workFolder(project), { recursive: true })
  await writeFile(`${journalFile(project)}.new`, JSON.stringify(journal))
  await rename(`${journalFile(project)}.new`, journalFile(project))
}

/** Forgets what was done. */
export const removeJournal = (project: string): Promise<void> =>
  rm(workFolder(project), { recursive: true, force: true })

/** Files that are replaced, and a folder that is: `restore` brings them back, by renaming, which a full disk allows. */
const KEPT = ['package.json', 'package-lock.json']
/** The folder of an owned platform. */
export const OWNED = 'ebb'

const kept = (project: string, name: string) => join(workFolder(project), 'kept', name)

/** Keeps copies of package.json and the lock file, to be restored. */
export async function keepManifests(project: string): Promise<void> {
  await mkdir(kept(project, ''), { recursive: true })
  for (const name of KEPT) await copyFile(join(project, name), kept(project, name)).catch(ifAbsent)
}

/** Puts a folder in the place of the owned platform, or takes that away, and keeps what was there. */
export async function replaceOwned(project: string, replacement: string | undefined): Promise<void> {
  const [owned, old] = [join(project, OWNED), kept(project, OWNED)]
  await mkdir(dirname(old), { recursive: true })
  await rename(owned, old).catch(ifAbsent)
  if (replacement) await rename(replacement, owned)
}

/** Puts everything back as it was before the journal was written. */
export async function restore(project: string, { added }: Pick<Journal, 'added'>): Promise<void> {
  for (const name of added) await rm(join(project, name), { recursive: true, force: true })
  const owned = kept(project, OWNED)
  if (await exists(owned)) {
    await rm(join(project, OWNED), { recursive: true, force: true })
    await rename(owned, join(project, OWNED))
  }
  if (!(await exists(kept(project, 'package.json')))) return
  for (const name of KEPT.toReversed()) {
    if (await exists(kept(project, name))) await rename(kept(project, name), join(project, name))
    else await rm(join(project, name), { force: true })
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

function ifAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
