import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { podConfig } from './pod-config.ts'
import { tool } from './tool.ts'

export interface RunOptions {
  readonly env: Readonly<Record<string, string>>
  /** `uid:gid`; the image's own unless told. */
  readonly user?: string
}

/** An image that runs; disposing of it kills it and leaves nothing behind. */
export interface RunningImage extends AsyncDisposable {
  /** All that it has said so far. */
  readonly lines: readonly string[]
  /** A line that contains this. Rejects where it ends before that, or does not say it. */
  said(text: string, limitMs?: number): Promise<string>
  /** What the kernel says of its first process (proc_pid_status). */
  status(): Promise<string>
  /** SIGTERM to its first process; answers how it ended, and how long that took. */
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
    child.once('error', (fault) => lines.push(fault.message))
    child.once('close', (code) => {
      ended = true
      resolve(code)
    })
  })
  opened.defer(async () => {
    if (!ended) await tool('runc', ['delete', '--force', id])
    await exited
  })
  const kept = opened.move()
  return {
    lines,
    said: async (text, limitMs = LIMIT_MS) => {
      for (const giveUpAt = Date.now() + limitMs; ; await delay(10)) {
        const line = lines.find((line) => line.includes(text))
        if (line !== undefined) return line
        if (ended || Date.now() > giveUpAt)
          throw new Error([`${image} did not say "${text}", but`, ...lines].join('\n'))
      }
    },
    status: async () => readFile(`/proc/${(await readFile(pidFile, 'utf8')).trim()}/status`, 'utf8'),
    stop: async () => {
      const began = performance.now()
      await tool('runc', ['kill', id, 'TERM'])
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
  const container = await tool('buildah', ['from', '--pull-never', image])
  opened.defer(async () => void (await tool('buildah', ['rm', container])))
  const root = await tool('buildah', ['mount', container])
  const { OCIv1 } = JSON.parse(await tool('buildah', ['inspect', '--type', 'image', image]))
  // Its stdin ends with this process, and so does it.
  const config = podConfig(root, OCIv1.config, { ...options, env: { ...env, EBB_PARENT: 'stdin' } })
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config))
  return bundle
}
