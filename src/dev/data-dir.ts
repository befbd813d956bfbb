import { constants } from 'node:fs'
import { access, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../kernel/index.ts'
import { ANNOUNCEMENT, type Announcement } from './announcement.ts'
import { claimFolder } from './processes/claim-folder.ts'
import { stopLeftovers } from './processes/leftovers.ts'

/** The folder of the OpenID provider in the data directory. */
export const PROVIDER_FOLDER = 'provider'

/** The data directory of the Ebb on this laptop. */
export interface DataDir {
  readonly path: string
  /** Records of running children. */
  readonly run: string
  readonly bundles: string
  /** The file that names the bundle of contracts for gateway and relay. */
  readonly pointer: string
  readonly mail: string
  /** The newest log lines of all processes. */
  readonly log: string
  /** The spans of the last hour. */
  readonly traces: string
  /** What the laptop's own store of objects keeps. */
  readonly objects: string
  /** The console's page, as it was built last. */
  readonly console: string
  readonly postgres: string
  readonly secrets: string
  /** The keys and logins of the OpenID provider. */
  readonly provider: string
  /** Announces to the command line how to reach the running Ebb. */
  announce(running: Announcement): Promise<void>
  /** Releases the directory. */
  close(): Promise<void>
}

/** Claims a data directory for this process, after stopping what a killed run left there; `fresh` erases all data first. */
export async function openDataDir(folder: string, { fresh = false } = {}): Promise<DataDir> {
  const path = await ensureWritable(folder)
  const release = await claimFolder(path)
  const at = (name: string) => join(path, name)
  const announcement = at(ANNOUNCEMENT)
  const dataDir: DataDir = {
    ...{ path, run: at('run'), bundles: at('bundles'), pointer: at('bundles/contracts') },
    ...{
      mail: at('mail'),
      objects: at('objects'),
      log: at('log'),
      traces: at('traces'),
      console: at('console'),
      postgres: at('postgres'),
      secrets: at('secrets.json'),
    },
    provider: at(PROVIDER_FOLDER),
    announce: async (running) => {
      // Renamed into place, so that a reader never sees half a file.
      await writeFile(`${announcement}.new`, JSON.stringify(running), { mode: 0o600 })
      await rename(`${announcement}.new`, announcement)
    },
    close: async () => {
      await rm(announcement, { force: true })
      release()
    },
  }
  try {
    await stopLeftovers(dataDir.run)
    if (fresh) await eraseData(dataDir)
    return dataDir
  } catch (error) {
    release()
    throw error
  }
}

async function ensureWritable(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    await readdir(path)
    return await realpath(path)
  } catch (cause) {
    const { code = '' } = Object(cause) as { code?: string }
    const why = ERRNO_REASONS[code] ?? `cannot be used (${code})`
    throw new ConfigError(`${path} ${why}; name another folder with EBB_HOME.`, { cause })
  }
}

const ERRNO_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'belongs to another user',
  EPERM: 'belongs to another user',
  EROFS: 'is on a read-only disk',
  ENOSPC: 'is on a disk that is full',
  ENOTDIR: 'is below something that is not a folder',
  EEXIST: 'is not a folder',
}

/** If Postgres runs as the user nobody, its data are elsewhere, behind a link. */
async function eraseData({ path, postgres, run, bundles, mail, objects, log, traces, secrets, provider }: DataDir) {
  const cluster = await realpath(join(postgres, 'cluster')).catch(() => undefined)
  const folders = [run, bundles, mail, objects, log, traces, postgres, secrets, provider, ...(cluster ? [cluster] : [])]
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
  await mkdir(path, { recursive: true, mode: 0o700 })
}
