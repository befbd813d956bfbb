import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { untilTrue } from '../../../test/support/until.ts'

export const isRoot = process.getuid?.() === 0

/** Time for processes that were asked to end. */
const LEFT_MS = 20_000

/** A folder for one test file; `remove` also returns the processes that still use it. */
export function scratchFolder() {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'ebb-postgres-')))
  chmodSync(path, 0o755)
  async function remove(): Promise<string[]> {
    await untilTrue(() => processesNaming(path).length === 0, { limitMs: LEFT_MS }).catch(() => {})
    const left = processesNaming(path)
    for (const kill of runners.splice(0)) await kill()
    await rm(path, { recursive: true, force: true })
    return left
  }
  return { path, remove }
}

/** Command lines of living processes that contain `text`. */
export function processesNaming(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ')
      } catch {
        return ''
      }
    })
    .filter((command) => command.includes(text))
}

export const until = (what: string, condition: () => boolean | Promise<boolean>) => untilTrue(condition, { what })

export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

// A test that fails before it ends its runner must not leave it behind.
const runners: (() => Promise<void>)[] = []

const program = `
import { startPostgres } from ${JSON.stringify(join(process.cwd(), 'src/dev/postgres/index.ts'))}
try {
  const { url, pid } = await startPostgres(process.argv[1])
  console.log(JSON.stringify({ url, pid }))
} catch (error) {
  console.log(JSON.stringify({ error: error.message, code: error.code }))
}
setInterval(() => {}, 1000)
`

export interface OtherRunner {
  child: ChildProcess
  started: Promise<{ url: string; pid: number; error?: string; code?: string }>
  kill(): Promise<void>
}

/** Another node process that starts the Postgres of `folder` and stays until it is killed (SIGKILL). */
export function otherRunner(folder: string, ids: { uid?: number; gid?: number } = {}): OtherRunner {
  const args = ['--input-type=module', '-e', program, folder]
  const child = spawn(process.execPath, args, { ...ids, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  const started = once(createInterface({ input: child.stdout }), 'line').then(([line]) => JSON.parse(line))
  const ended = once(child, 'close')
  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await ended
  }
  runners.push(kill)
  const silent = ended.then(() => ({ error: complaint }))
  return { child, started: Promise.race([started, silent]), kill }
}
