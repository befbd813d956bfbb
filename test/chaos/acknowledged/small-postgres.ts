import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type RunningPostgres, startPostgres } from '../../../src/dev/postgres/index.ts'
import { untilTrue } from '../../support/until.ts'
import type { Random } from './random.ts'

const execute = promisify(execFile)
const RESTART_MS = 200
const NO_SPACE = 'No space left on device'
/** So that the log has to grow, and a full disk is felt soon. */
const SETTINGS = { min_wal_size: '32MB', max_wal_size: '64MB' }

export type SmallPostgres = Awaited<ReturnType<typeof startSmallPostgres>>

/** A Postgres on a disk of its own, where root may mount one, that is started again whenever it ends. */
export async function startSmallPostgres({ bytes }: { readonly bytes: number }) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-chaos-postgres-'))
  const noDisk = await mountDisk(folder, bytes)
  const removed = removeWhenGone(folder)
  const log: string[] = []
  const open = (port?: number) =>
    startPostgres(folder, { settings: SETTINGS, log: (line) => log.push(line), ...(port ? { port } : {}) })
  let current: RunningPostgres = await open()
  const { adminUrl, url } = current
  const port = Number(new URL(url).port)
  const closing = new AbortController()
  const keep = keepRunning(current, closing.signal, async () => {
    current = await open(port)
    return current
  })

  return {
    ...{ adminUrl, url, port },
    /** Of a superuser, to the database that the parts use. */
    ownerUrl: Object.assign(new URL(adminUrl), { pathname: '/ebb' }).href,
    /** Why its disk cannot be filled, where it cannot. */
    noDisk,
    /** SIGKILL: of the postmaster, or of one backend, whereupon it ends all others and recovers. */
    crash: async (random: Random): Promise<string> => {
      const backend = random.next() < 0.5 ? await findBackend(adminUrl).catch(() => undefined) : undefined
      process.kill(backend ?? current.pid, 'SIGKILL')
      return backend === undefined ? 'the postmaster' : `the backend ${backend}`
    },
    /** Leaves no room on the disk until Postgres has felt that, and for a while after it. */
    fill: async ({ feltMs }: { readonly feltMs: number }): Promise<string> => {
      const before = log.length
      await retry(async () => resizeDisk(folder, await usedBytes(folder)))
      const felt = () => log.slice(before).some((line) => line.includes(NO_SPACE))
      const result = await untilTrue(felt, { limitMs: 10_000 }).then(
        () => 'felt',
        () => 'not felt',
      )
      await delay(feltMs)
      await resizeDisk(folder, bytes)
      return result
    },
    close: async () => {
      closing.abort()
      await current.stop().catch(() => {})
      await keep
      await removed()
    },
  }
}

async function keepRunning(first: RunningPostgres, closing: AbortSignal, restart: () => Promise<RunningPostgres>) {
  let current: RunningPostgres | undefined = first
  while (!closing.aborted) {
    await current?.exited
    if (closing.aborted) return
    // While its disk is full it does not start.
    current = await restart().catch(() => undefined)
    if (!current) await delay(RESTART_MS)
  }
}

async function findBackend(adminUrl: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  await client.connect()
  const found = await client
    .query(
      `select pid from pg_stat_activity where datname = 'ebb' and pid <> pg_backend_pid() order by random() limit 1`,
    )
    .finally(() => client.end())
  return found.rows[0]?.pid
}

async function mountDisk(folder: string, bytes: number): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk'
  return execute('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]).then(
    () => undefined,
    (error: Error) => `no small disk can be mounted here (${error.message.split('\n').at(-2)})`,
  )
}

/** However this process ends, its disk is given back; returns what does that now. */
function removeWhenGone(folder: string): () => Promise<unknown> {
  const script = 'cat >/dev/null; umount -l "$0" 2>/dev/null; rm -rf "$0"'
  const child = spawn('/bin/sh', ['-c', script, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const removed = once(child, 'exit')
  child.unref()
  return () => {
    child.ref()
    child.stdin.end()
    return removed
  }
}

const resizeDisk = (folder: string, bytes: number) => execute('mount', ['-o', `remount,size=${bytes}`, folder])

async function usedBytes(folder: string): Promise<number> {
  const { blocks, bfree, bsize } = await statfs(folder)
  return (blocks - bfree) * bsize
}

/** A disk cannot be made smaller than what was written meanwhile. */
async function retry(work: () => Promise<unknown>, times = 50): Promise<void> {
  for (; ; times--) {
    try {
      await work()
      return
    } catch (error) {
      if (times === 0) throw error
      await delay(RESTART_MS)
    }
  }
}
