import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { inheritedEnv } from 'ebb/kernel'
import type { FunctionStatus } from '../../src/protocol/index.ts'
import { cliIn } from './project.ts'
import { untilTrue } from './until.ts'

/** One line of `--json`. */
export type RunnerEvent = Readonly<Record<string, unknown>> & { readonly event: string }

export interface Ready {
  readonly url: string
  readonly admin: string
  readonly keys: Readonly<Record<string, string>>
  readonly adminKey: string
  /** Of the laptop's OpenID provider. */
  readonly issuer: string
  readonly readyMs: number
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A checkout to run; default: the tests' project. */
  readonly root?: string
  /** The data folder; default: a fresh one that is deleted with the test. */
  readonly dataDir?: string
  readonly args?: readonly string[]
}

/** Starts a real Ebb, as `npm start -- --json` does, on ports of its own. */
export async function startEbb({ env = {}, root, dataDir, args = [] }: StartOptions = {}) {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'ebb-e2e-')))
  const settings = { PORT: '0', EBB_ADMIN_PORT: '0', EBB_HOME: folder, EBB_IDLE_MS: '1000', ...env }
  const { cli, cwd } = cliIn(root)
  const child = spawn(process.execPath, [cli, 'dev', '--json', ...args], {
    cwd,
    // The checkout may have a .env of its developer's own.
    env: { ...inheritedEnv(['PATH', 'HOME', 'NODE_COMPILE_CACHE']), EBB_ENV_FILE: '/dev/null', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const events: RunnerEvent[] = []
  const complaints: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)))
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
  const exited = once(child, 'close')
  await untilTrue(() => events.length > 0 || child.exitCode !== null, {
    limitMs: 120_000,
    what: 'Ebb is ready or ended',
  })
  const ready = events[0] as unknown as Ready
  if (!ready) throw new Error(complaints.join('\n'))
  return {
    ...client(ready),
    ready,
    /** Of its standard output, so far. */
    events,
    complaints,
    folder,
    child,
    exited,
    ...processControls(child, exited, dataDir ? undefined : folder),
  }
}

export type TestEbb = Awaited<ReturnType<typeof startEbb>>

function client(ready: Ready) {
  const call = (method: string, path: string, { key = ready.keys.customer, headers = {}, body }: CallOptions = {}) =>
    fetch(new URL(path, ready.url), {
      method,
      headers: {
        ...(key ? { 'x-api-key': key } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    call,
    createUser: (email: string, idempotencyKey = email) =>
      call('POST', '/v1/users', { headers: { 'idempotency-key': idempotencyKey }, body: { email, name: 'Ada' } }),
    functions: async () =>
      (await (await fetch(new URL('/v1/functions', ready.admin))).json()) as readonly FunctionStatus[],
    metrics: async () => (await fetch(new URL('/metrics', ready.admin))).text(),
  }
}

interface CallOptions {
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

function processControls(child: ChildProcess, exited: Promise<unknown>, folder: string | undefined) {
  return {
    /** Ctrl-C. */
    stop: async () => {
      child.kill('SIGINT')
      await exited
      if (folder) await rm(folder, { recursive: true, force: true })
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** The mails that an Ebb wrote, by file name. */
export async function readMails(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(join(folder, 'mail')).catch(() => [])).filter((name) => name.endsWith('.eml'))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, 'mail', name), 'utf8')))
  return new Map(names.map((name, i) => [name, texts[i] ?? '']))
}

/** The processes that have this text in their environment or command line, this one apart. */
export async function findProcesses(text: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid)
  const has = async (pid: number) => {
    const parts = await Promise.all(
      ['environ', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    )
    return parts.some((part) => part.includes(text))
  }
  const found = await Promise.all(pids.map(async (pid) => ((await has(pid)) ? [pid] : [])))
  return found.flat()
}
