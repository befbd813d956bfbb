import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ANNOUNCEMENT, type Announcement, dataDirOf } from '../../dev/announcement.ts'
import { identifyProcess, stopLeftovers } from '../../dev/processes/leftovers.ts'
import { ConfigError, inheritedEnv, processConfig } from '../../kernel/index.ts'

/** A preview on this machine: an Ebb beside the one that `npm start` runs, with a Postgres and data of its own. */
export interface LaptopPreview {
  readonly name: string
  /** Empty while it does not run. */
  readonly url: string
  readonly expiresAt: string
}

const STARTED_MS = 120_000
const STOPPED_MS = 30_000
const POLL_MS = 100
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'LOG_LEVEL', 'EBB_ENV_FILE', 'NODE_EXTRA_CA_CERTS']

const previewsOf = (project: string) => join(dataDirOf(project, processConfig()), 'previews')

/** Starts it, or starts it again on the same data: it ends by itself when its time is over. */
export async function startLaptopPreview(project: string, name: string, ttlSeconds: number): Promise<LaptopPreview> {
  if (processConfig().DATABASE_URL)
    throw new ConfigError('a preview has a database of its own: leave DATABASE_URL out, in the environment and in .env')
  const folder = join(previewsOf(project), name)
  await mkdir(folder, { recursive: true })
  await stop(folder)
  const expiresAt = new Date(Date.now() + ttlSeconds * 1_000).toISOString()
  await writeFile(join(folder, 'preview.json'), JSON.stringify({ expiresAt }))
  const log = await open(join(folder, 'preview.log'), 'w', 0o600)
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'dev', '--json', '--for', `${ttlSeconds / 60}m`], {
    ...{ cwd: project, detached: true, stdio: ['ignore', log.fd, log.fd] },
    env: {
      ...inheritedEnv(INHERITED),
      EBB_HOME: folder,
      EBB_HOSTS: `localhost,${name}.localhost`,
      PORT: '0',
      EBB_ADMIN_PORT: '0',
    },
  })
  await log.close()
  child.unref()
  const ended = once(child, 'exit').then(() => true)
  for (const endsAt = Date.now() + STARTED_MS; Date.now() < endsAt; ) {
    const url = await urlOf(folder, name)
    if (url) return { name, url, expiresAt }
    if (await Promise.race([ended, delay(POLL_MS, false)])) break
  }
  await stop(folder)
  throw new ConfigError(
    `the preview does not start: ${(await readFile(join(folder, 'preview.log'), 'utf8')).trim().slice(-1_000)}`,
  )
}

/** Ends previews and removes all that they have; what is not there is no fault. */
export async function stopLaptopPreviews(project: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const folder = join(previewsOf(project), name)
    await stop(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

export async function laptopPreviews(project: string): Promise<readonly LaptopPreview[]> {
  const folder = previewsOf(project)
  const names = await readdir(folder).catch(() => [])
  return Promise.all(
    names.sort().map(async (name) => {
      const { expiresAt = '' } = (await readJson<{ readonly expiresAt: string }>(folder, name, 'preview.json')) ?? {}
      const isRunning = (await findRunner(join(folder, name))) !== undefined
      return { name, url: isRunning ? ((await urlOf(join(folder, name), name)) ?? '') : '', expiresAt }
    }),
  )
}

/** Its address, by the name that it alone has. */
async function urlOf(folder: string, name: string): Promise<string | undefined> {
  const announced = await readJson<Announcement>(folder, ANNOUNCEMENT)
  return announced && Object.assign(new URL(announced.url), { hostname: `${name}.localhost` }).origin
}

/** The process that has the folder: what claims it says since when it runs, as pids come again. */
async function findRunner(folder: string): Promise<number | undefined> {
  const claim = await readJson<{ readonly pid: number; readonly startedAt: string }>(folder, 'runner.json')
  const found = claim && (await identifyProcess(claim.pid))
  return found && found.startedAt === claim?.startedAt ? claim.pid : undefined
}

async function stop(folder: string): Promise<void> {
  const pid = await findRunner(folder)
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM')
    for (const endsAt = Date.now() + STOPPED_MS; await findRunner(folder); await delay(POLL_MS))
      if (Date.now() > endsAt) process.kill(pid, 'SIGKILL')
  }
  await stopLeftovers(join(folder, 'run'))
  await rm(join(folder, ANNOUNCEMENT), { force: true })
}

async function readJson<Value>(...path: readonly string[]): Promise<Value | undefined> {
  // What is not there, or only half written, is not there yet.
  return readFile(join(...path), 'utf8')
    .then((text) => JSON.parse(text) as Value)
    .catch(() => undefined)
}
