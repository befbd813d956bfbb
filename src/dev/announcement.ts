import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Config, ConfigError, processConfig } from '../kernel/index.ts'
import { printable } from './report.ts'

export interface AdminOptions {
  /** The admin address of another Ebb, whose key is read from EBB_ADMIN_KEY. Default: the Ebb of this checkout. */
  readonly admin?: string | undefined
  readonly json?: boolean | undefined
}

/** The same as options of parseArgs. */
export const ADMIN_OPTIONS = { json: { type: 'boolean' }, admin: { type: 'string' } } as const

/** What a running Ebb announces to the command line, in a file that only its user may read. */
export interface Announcement {
  readonly url: string
  readonly admin: string
  readonly adminKey: string
  /** API keys by role. */
  readonly keys: Readonly<Record<string, string>>
  /** The addresses of its stores, by setting name. */
  readonly urls: Readonly<Record<string, string>>
  /** The names of the functions that it serves now. */
  readonly functions: readonly string[]
}

/** The name of that file in the data directory. */
export const ANNOUNCEMENT = 'running.json'

/** Calls the admin API of the running Ebb, or of the one that `admin` names, and returns its JSON. Throws a ConfigError if that fails. */
export async function callAdmin<Answer>(
  root: string,
  path: string,
  { admin, method = 'GET', body }: AdminOptions & { method?: string; body?: unknown },
): Promise<Answer> {
  const target = admin ? { admin, adminKey: processConfig().EBB_ADMIN_KEY ?? '' } : await readAnnouncement(root)
  const response = await fetch(new URL(path, target.admin), {
    method,
    headers: {
      authorization: `Bearer ${target.adminKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause) => {
    throw new ConfigError(`no Ebb answers at ${target.admin}; start it with npm start.`, { cause })
  })
  const text = await response.text()
  if (!response.ok) throw new ConfigError(messageOf(text) ?? `${target.admin} answered ${response.status}`)
  // The admin API and this client have the same version.
  return (text ? JSON.parse(text) : undefined) as Answer
}

/** Reads the announcement of the Ebb that runs in this checkout. Throws a ConfigError if none runs. */
export async function readAnnouncement(root: string): Promise<Announcement> {
  const home = processConfig().EBB_HOME ?? join(root, '.ebb')
  try {
    return JSON.parse(await readFile(join(home, ANNOUNCEMENT), 'utf8'))
  } catch (cause) {
    throw new ConfigError('no Ebb runs here; start it with npm start, or name one with --admin and EBB_ADMIN_KEY.', {
      cause,
    })
  }
}

function messageOf(text: string): string | undefined {
  try {
    const { message, details = [] }: { message: string; details?: { path: string; message: string }[] } =
      JSON.parse(text)
    return [message, ...details.map(({ path, message }) => `${path}: ${message}`)].join('\n')
  } catch {
    return undefined
  }
}

/** Prints a result, as JSON or as lines. */
export function print<Answer>(
  answer: Answer,
  lines: (answer: Answer) => readonly string[],
  { json = false }: AdminOptions,
) {
  const text = json ? JSON.stringify(answer, undefined, 2) : lines(answer).join('\n')
  process.stdout.write(`${printable(text)}\n`)
}

/** Pads the cells of each column to the same width. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), [])
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const HEALTH_LIMIT_MS = 1_000

/** The stores of an invoked function: those of the settings, else those of the running Ebb, else none. */
export async function findStoreUrls(root: string, config: Config): Promise<Readonly<Record<string, string>>> {
  const { DATABASE_URL, REDIS_URL } = config
  if (DATABASE_URL) return { DATABASE_URL, ...(REDIS_URL ? { REDIS_URL } : {}) }
  const running = await readAnnouncement(root).catch(() => undefined)
  return running && (await isRunning(running.url)) ? running.urls : {}
}

/** Whether an Ebb answers at this address: one that was killed leaves its announcement behind. */
const isRunning = (url: string): Promise<boolean> =>
  fetch(new URL('/_/health', url), { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  )

/** The mail folder of an invoked function, which is that of the Ebb in this checkout. */
export const mailFolder = (root: string, { EBB_HOME }: Config): string => join(EBB_HOME ?? join(root, '.ebb'), 'mail')

export type ReloadOutcome = 'taken' | 'late' | 'nobody'

const RELOAD_LIMIT_MS = 30_000
const POLL_MS = 50

/** Waits until the running Ebb serves a function, or no longer does: `late` after 30 s, `not-running` if no Ebb runs here. */
export async function waitForReload(
  root: string,
  name: string,
  { isThere }: { isThere: boolean },
): Promise<ReloadOutcome> {
  const giveUpAt = Date.now() + RELOAD_LIMIT_MS
  const look = () => readAnnouncement(root).catch(() => undefined)
  const first = await look()
  // An Ebb that was killed leaves its announcement behind.
  if (!first || !(await isRunning(first.url))) return 'nobody'
  for (let now: typeof first | undefined = first; now; now = await look()) {
    if (now.functions.includes(name) === isThere) return 'taken'
    if (Date.now() > giveUpAt) return 'late'
    await delay(POLL_MS)
  }
  return 'nobody'
}
