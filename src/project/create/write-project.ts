import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ConfigError } from '../../kernel/config-error.ts'
import { isDiskFull } from '../run-program.ts'
import { MARKER } from './begun-project.ts'
import type { Files } from './project-files.ts'

/**
 * Writes the files of a project: all of them or, with a ConfigError, none. They are written beside the folder and moved into
 * place; in a folder that exists, what is there already stays. Resolves to what removes them again.
 */
export async function writeProject(folder: string, files: Files): Promise<() => Promise<void>> {
  const there = await readIfThere(folder)
  // Within a folder that exists: it may be the only one that its user can write to, or be on another disk than the one above.
  const staging = there ? join(folder, stagingName('')) : join(dirname(folder), stagingName(basename(folder)))
  const created: string[] = []
  const undo = async () => {
    for (const path of created) await rm(path, { recursive: true, force: true })
  }
  try {
    created.push((await mkdir(dirname(staging), { recursive: true })) ?? staging)
    await removeLeftovers(dirname(staging), there ? '' : basename(folder))
    // By itself: what makes all folders of a path has ENOENT for a disk that is read only.
    await mkdir(staging)
    await writeFiles(staging, files)
    if (there) await moveEntries(staging, folder, there, created)
    else await rename(staging, folder)
  } catch (cause) {
    await undo()
    throw explain(cause, folder)
  }
  created.push(...(there ? ['node_modules'].map((name) => join(folder, name)) : [folder]))
  return undo
}

/** Throws a ConfigError unless the folder is absent or empty, where a `.git` does not count. */
export async function assertFree(folder: string): Promise<void> {
  const isOther = (name: string) => name !== '.git' && !name.startsWith(stagingPrefix(''))
  const others = (await readIfThere(folder))?.filter(isOther) ?? []
  if (others.length > 0) {
    throw new ConfigError(`${folder} exists and is not empty: choose another folder, or empty it first`)
  }
}

/** The names in a folder; undefined where there is none. */
async function readIfThere(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (Object(cause).code === 'ENOENT') return undefined
    throw explain(cause, folder)
  }
}

const stagingPrefix = (name: string) => `.${name}${name && '.'}ebb-create-`
const stagingName = (name: string) => `${stagingPrefix(name)}${process.pid}`

/** Removes what processes that were killed while they wrote have left. */
async function removeLeftovers(parent: string, name: string): Promise<void> {
  const prefix = stagingPrefix(name)
  for (const entry of await readdir(parent)) {
    const pid = entry.startsWith(prefix) ? Number(entry.slice(prefix.length)) : Number.NaN
    if (Number.isInteger(pid) && !isRunning(pid)) await rm(join(parent, entry), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return Object(error).code === 'EPERM'
  }
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    // As `ebb dev` makes its data folder.
    await mkdir(dirname(file), { recursive: true, mode: path.startsWith('.ebb/') ? 0o700 : 0o777 })
    await writeFile(file, content)
  }
}

/** Moves what is missing: first what says that a project was begun, so that one that is interrupted here goes on. */
async function moveEntries(staging: string, folder: string, there: readonly string[], created: string[]) {
  const first = MARKER.split('/')[0] ?? ''
  const entries = (await readdir(staging)).sort((a, b) => Number(b === first) - Number(a === first))
  for (const entry of entries.filter((name) => !there.includes(name))) {
    await rename(join(staging, entry), join(folder, entry))
    created.push(join(folder, entry))
  }
  await rm(staging, { recursive: true })
}

/** A sentence for what a person can do something about. */
function explain(cause: unknown, folder: string): unknown {
  const { code = '', message = '' } = Object(cause) as NodeJS.ErrnoException
  const sentence = isDiskFull(message) ? DISK_FULL : SENTENCES[code]
  return sentence ? new ConfigError(`${folder}: ${sentence}`, { cause }) : cause
}

/** What to do about a full disk. */
export const DISK_FULL = 'the disk is full, and nothing was left behind: free a gigabyte, and start again'
const NOT_WRITABLE = 'you may not write there: choose another folder'
const EXISTS = 'something of this name was made meanwhile: choose another folder'
const SENTENCES: Readonly<Record<string, string>> = {
  ...{ EACCES: NOT_WRITABLE, EPERM: NOT_WRITABLE, EROFS: NOT_WRITABLE },
  ...{ ENOTEMPTY: EXISTS, EEXIST: EXISTS },
  EDQUOT: DISK_FULL,
  ENOTDIR: 'a part of this path is a file: choose another folder',
  ENAMETOOLONG: 'this name is too long: choose another folder',
}
