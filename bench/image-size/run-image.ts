import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { runTool } from './image-tools.ts'

interface RunOptions {
  readonly env: Readonly<Record<string, string>>
  /** `uid:gid`; default: the image's own. */
  readonly user?: string
}

/** An image that runs; disposing of it kills it and leaves nothing behind. */
interface RunningImage extends AsyncDisposable {
  /** Its output so far. */
  readonly lines: readonly string[]
  /** Waits for a line that contains this. Rejects where it ends before that, or does not print it in time. */
  waitForLine(text: string, limitMs?: number): Promise<string>
  /** The kernel's status of its first process (proc_pid_status). */
  status(): Promise<string>
  /** Sends SIGTERM to its first process; resolves to its exit code and the time that it took. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>
}

const LIMIT_MS = 10_000

/** Runs an image as a restricted pod would, on this machine's network: see `podConfig`. */
export async function runImage(image: string, options: RunOptions): Promise<RunningImage> {
  await using opened = new AsyncDisposableStack()
  const bundle = await openBundle(image, options, opened)
  const id = basename(bundle)
  const pidFile = join(bundle, 'pid')
  const child = spawn('runc', ['run', '--bundle', bundle, '--pid-file', pidFile, id])
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', (line) => lines.push(line))
  let ended = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => lines.push(error.message))
    child.once('close', (code) => {
      ended = true
      resolve(code)
    })
  })
  opened.defer(async () => {
    if (!ended) await runTool('runc', ['delete', '--force', id])
    await exited
  })
  const kept = opened.move()
  return {
    lines,
    waitForLine: async (text, limitMs = LIMIT_MS) => {
      for (const giveUpAt = Date.now() + limitMs; ; await delay(10)) {
        const line = lines.find((line) => line.includes(text))
        if (line !== undefined) return line
        if (ended || Date.now() > giveUpAt)
          throw new Error([`${image} did not print "${text}", but`, ...lines].join('\n'))
      }
    },
    status: async () => readFile(`/proc/${(await readFile(pidFile, 'utf8')).trim()}/status`, 'utf8'),
    stop: async () => {
      const began = performance.now()
      await runTool('runc', ['kill', id, 'TERM'])
      const code = await Promise.race([exited, delay(LIMIT_MS, undefined, { ref: false })])
      if (code === undefined) throw new Error(`${image} did not end within ${LIMIT_MS} ms of SIGTERM`)
      return { code, tookMs: performance.now() - began }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Makes the folder that runc runs (OCI runtime specification), with the image's files mounted. */
async function openBundle(image: string, { env, ...options }: RunOptions, opened: AsyncDisposableStack) {
  const bundle = await mkdtemp(join(tmpdir(), 'ebb-image-'))
  opened.defer(() => rm(bundle, { recursive: true, force: true }))
  const container = await runTool('buildah', ['from', '--pull-never', image])
  opened.defer(async () => void (await runTool('buildah', ['rm', container])))
  const root = await runTool('buildah', ['mount', container])
  const { OCIv1 } = JSON.parse(await runTool('buildah', ['inspect', '--type', 'image', image]))
  // Its stdin ends with this process, and so does it.
  const config = podConfig(root, OCIv1.config, { ...options, env: { ...env, EBB_PARENT: 'stdin' } })
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config))
  return bundle
}

interface ImageConfig {
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly WorkingDir?: string
  readonly User?: string
}

/**
 * The configuration for runc (OCI runtime specification): an image's own command, as the first process, without capabilities, on a
 * read-only root with an empty /tmp, as Kubernetes' Pod Security level "restricted" and `readOnlyRootFilesystem` have it.
 */
function podConfig(root: string, image: ImageConfig, { env, user = image.User ?? '' }: RunOptions) {
  const [uid, gid = 0] = user.split(':').map(Number)
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return {
    ociVersion: '1.0.2',
    process: {
      ...{
        args: [...(image.Entrypoint ?? []), ...(image.Cmd ?? [])],
        cwd: image.WorkingDir || '/',
        user: { uid, gid },
      },
      env: [...(image.Env ?? []).filter((line) => !((line.split('=')[0] ?? '') in env)), ...set],
      ...{ noNewPrivileges: true, capabilities: {} },
    },
    root: { path: root, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777', 'size=64m'] },
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  }
}
