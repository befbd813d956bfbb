import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { identifyProcess } from './leftovers.ts'

/**
 * Makes this process the only runner of `folder`, or throws a ConfigError that names the other one. Returns a function that
 * releases the claim.
 */
export async function claimFolder(folder: string): Promise<() => void> {
  const path = join(folder, 'runner.json')
  const self = await identifyProcess(process.pid)
  const mine = JSON.stringify({ pid: process.pid, startedAt: self?.startedAt, claim: randomUUID() })
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, mine, { mode: 0o600 })
    // A link appears atomically, and only one of two runners gets it.
    for (let tries = 0; tries < 5; tries++) {
      const claimed = await link(draft, path).then(
        () => true,
        (cause: NodeJS.ErrnoException) => {
          if (cause.code !== 'EEXIST') throw cause
          return false
        },
      )
      if (claimed) return () => releaseClaim(path, mine)
      await removeStaleClaim(path, folder)
    }
    throw new ConfigError(`Several runners start in ${folder} at once: start again.`)
  } finally {
    await rm(draft, { force: true })
  }
}

async function removeStaleClaim(path: string, folder: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '{}')
  const claim = parseClaim(text)
  const process = await identifyProcess(claim.pid)
  if (process !== undefined && process.startedAt === claim.startedAt) {
    throw new ConfigError(
      `${folder} is in use by process ${claim.pid}: stop that one first, or choose another folder with EBB_HOME.`,
    )
  }
  // Moved, not removed: if another runner has just replaced it, that claim is put back.
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => {})
  if ((await readFile(aside, 'utf8').catch(() => text)) !== text) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

function parseClaim(text: string): { pid: number; startedAt: unknown } {
  try {
    const { pid, startedAt }: { pid?: unknown; startedAt?: unknown } = JSON.parse(text)
    return { pid: Number(pid), startedAt }
  } catch {
    return { pid: 0, startedAt: undefined }
  }
}

/** Synchronous, so that it also works in an exit handler; the claim of another process stays. */
function releaseClaim(path: string, mine: string): void {
  try {
    if (readFileSync(path, 'utf8') === mine) rmSync(path)
  } catch {
    // The folder is gone.
  }
}
