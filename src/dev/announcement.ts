import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Config, ConfigError, processConfig } from '../kernel/index.ts'

/** What a running Ebb announces to the command line, in a file that only its user may read. */
export interface Announcement {
  readonly url: string
  readonly admin: string
  readonly adminKey: string
  /** API keys by role. */
  readonly keys: Readonly<Record<string, string>>
  /** The addresses of its stores, by setting name. */
  readonly urls: Readonly<Record<string, string>>
  /** Its OpenID provider; none where EBB_ISSUERS names others. */
  readonly provider?: { readonly issuer: string; readonly commandSecret: string } | undefined
  /** The names of the functions that it serves now. */
  readonly functions: readonly string[]
}

/** The name of that file in the data directory. */
export const ANNOUNCEMENT = 'running.json'

/** The data directory of a checkout. */
export const dataDirOf = (project: string, { EBB_HOME }: Pick<Config, 'EBB_HOME'>): string =>
  EBB_HOME ?? join(project, '.ebb')

/** Reads the announcement of the Ebb that runs in this checkout. Throws a ConfigError if none runs. */
export async function readAnnouncement(project: string): Promise<Announcement> {
  try {
    return JSON.parse(await readFile(join(dataDirOf(project, processConfig()), ANNOUNCEMENT), 'utf8'))
  } catch (cause) {
    throw new ConfigError('no Ebb runs here; start it with npm start, or name one with --admin and EBB_ADMIN_KEY.', {
      cause,
    })
  }
}

/** The announcement of an Ebb that answers: one that was killed leaves its announcement behind. */
export async function findRunning(project: string): Promise<Announcement | undefined> {
  const announced = await readAnnouncement(project).catch(() => undefined)
  return announced && (await isHealthy(announced.url)) ? announced : undefined
}

const HEALTH_LIMIT_MS = 1_000

const isHealthy = (url: string): Promise<boolean> =>
  fetch(new URL('/_/health', url), { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  )

const RELOAD_LIMIT_MS = 30_000
const POLL_MS = 50

/** What became of a request to the running `ebb dev` to reload. */
export type ReloadOutcome = 'reloaded' | 'late' | 'not-running'

/** Waits until the running Ebb serves a function, or no longer does: `late` after 30 s, `not-running` if no Ebb runs here. */
export async function waitForReload(
  project: string,
  name: string,
  { isServed }: { isServed: boolean },
): Promise<ReloadOutcome> {
  const giveUpAt = Date.now() + RELOAD_LIMIT_MS
  let running = await findRunning(project)
  while (running) {
    if (running.functions.includes(name) === isServed) return 'reloaded'
    if (Date.now() > giveUpAt) return 'late'
    await delay(POLL_MS)
    running = await readAnnouncement(project).catch(() => undefined)
  }
  return 'not-running'
}
