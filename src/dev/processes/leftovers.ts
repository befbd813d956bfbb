import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess } from './process-identity.ts'

const LIMIT_MS = 2_000

/** Notes a child under `folder`, so that the next start can stop it should we be killed; answers how to forget it. */
export async function noteChild(folder: string, pid: number): Promise<() => Promise<void>> {
  const identity = await identifyProcess(pid)
  const file = join(folder, `${pid}.json`)
  await mkdir(folder, { recursive: true })
  if (identity) await writeFile(file, JSON.stringify({ pid, startedAt: identity.startedAt }))
  return () => rm(file, { force: true })
}

/** Stops what a killed runner left behind: processes noted here that still live and began when the note says. */
export async function stopLeftovers(folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => [])
  await Promise.all(files.map((file) => stopLeftover(join(folder, file))))
}

async function stopLeftover(file: string) {
  const note = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => ({}))
  const { pid, startedAt } = note as { pid?: number; startedAt?: string }
  // The pid may belong to somebody else by now.
  const isOurs = async () => pid !== undefined && (await identifyProcess(pid))?.startedAt === startedAt
  const giveUpAt = Date.now() + LIMIT_MS
  for (let signal: NodeJS.Signals = 'SIGTERM'; pid !== undefined && (await isOurs()); await delay(50)) {
    if (Date.now() > giveUpAt) signal = 'SIGKILL'
    try {
      process.kill(pid, signal)
    } catch {
      // It ended between the look and the signal.
    }
  }
  await rm(file, { force: true })
}
