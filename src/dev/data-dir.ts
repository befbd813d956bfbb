import { constants } from 'node:fs'
import { access, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../kernel/index.ts'
import { ANNOUNCEMENT, type Announcement } from './announcement.ts'
import { claimFolder } from './processes/claim-folder.ts'
import { stopLeftovers } from './processes/leftovers.ts'

/** The data directory of the Ebb on this laptop. */
export interface DataDir {
  readonly path: string
  /** Records of running children. */
  readonly run: string
  readonly bundles: string
  /** The file that names the bundle of contracts for gateway and relay. */
  readonly pointer: string
  readonly mail: string
  readonly postgres: string
  readonly secrets: string
  /** Announces to the command line how to reach the running Ebb. */
  announce(running: Announcement): Promise<void>
  /** Releases the directory. */
  close(): Promise<void>
}

/** Opens a dataDir for this process alone, after stopping what a killed run left there; `fresh` forgets all data first. */
export async function openDataDir(path: string, { fresh = false } = {}): Promise<DataDir> {
  const folder = await ensureWritable(path)
  const giveBack = await claimFolder(folder)
  const announcement = join(folder, ANNOUNCEMENT)
  const close = async () => {
    await rm(announcement, { force: true })
    giveBack()
  }
  try {
    const dataDir = {
      ...{ path: folder, run: join(folder, 'run'), bundles: join(folder, 'bundles'), mail: join(folder, 'mail') },
      ...{
        postgres: join(folder, 'postgres'),
        secrets: join(folder, 'secrets.json'),
        pointer: join(folder, 'bundles/contracts'),
        close,
      },
      announce: async (running: Announcement) => {
        // Renamed into place, so that a reader never sees half a file.
        await writeFile(`${announcement}.new`, JSON.stringify(running), { mode: 0o600 })
        await rename(`${announcement}.new`, announcement)
      },
    }
    await stopLeftovers(dataDir.run)
    // Each save left a bundle; they are built again.
    await rm(dataDir.bundles, { recursive: true, force: true })
    if (fresh) await eraseData(dataDir)
    return dataDir
  } catch (fault) {
    giveBack()
    throw fault
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
  ENOTDIR: 'lies behind something that is no folder',
  EEXIST: 'is no folder',
}

/** If Postgres runs as the user nobody, its data are elsewhere, behind a link. */
async function eraseData({
  path,
  postgres,
  run,
  bundles,
  mail,
  secrets,
}: Omit<DataDir, 'close' | 'announce' | 'pointer'>) {
  const cluster = await realpath(join(postgres, 'cluster')).catch(() => undefined)
  const gone = [run, bundles, mail, postgres, secrets, ...(cluster ? [cluster] : [])]
  await Promise.all(gone.map((one) => rm(one, { recursive: true, force: true })))
  await mkdir(path, { recursive: true, mode: 0o700 })
}
