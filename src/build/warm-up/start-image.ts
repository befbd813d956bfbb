import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** How the process of an image is started. */
export interface ImageOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Kills the process. */
  readonly signal: AbortSignal
}

/** A function's process as its image starts it; disposing of it kills it. */
export interface Image extends AsyncDisposable {
  /** The port. Rejects where the process ends before it listens. */
  readonly listening: Promise<number>
  /** Lets the process write its cache data and end. Rejects where it ends otherwise. */
  finish(): Promise<void>
  /** The last lines of its output, without those of level `info`; complete when it has been disposed of. */
  lastOutput(): string
}

const MAX_OUTPUT_LINES = 12

/** Starts Node with these arguments. The process ends by itself when this one ends, which holds its stdin. */
export function startImage(node: string, { args, env, signal }: ImageOptions): Image {
  const child = spawn(node, args, {
    ...{ signal, killSignal: 'SIGKILL', detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
    env: { ...env, EBB_PARENT: 'stdin' },
  })
  const listening = Promise.withResolvers<number>()
  const output: string[] = []
  const readLine = (line: string) => {
    const { msg = line, level, port, err } = parse(line)
    if (msg === 'listening' && typeof port === 'number') listening.resolve(port)
    if (level === 'info') return
    const { stack, message } = Object(err)
    output.push([msg, stack ?? message].filter((part) => part !== undefined).join(': '))
    if (output.length > MAX_OUTPUT_LINES) output.shift()
  }
  child.stdin.on('error', () => {})
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', readLine)

  // After 'close' there is no more output. An AbortError is ours; a process that cannot be started has an 'error', too.
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => error.name !== 'AbortError' && output.push(error.message))
    child.once('close', (code, name) => resolve(name ?? `status ${code}`))
  })
  void ended.then((how) => listening.reject(new Error(`it ended before it listened (${how})`)))
  listening.promise.catch(() => {})
  return {
    listening: listening.promise,
    finish: async () => {
      child.kill('SIGUSR2')
      const how = await ended
      if (how !== 'status 0') throw new Error(`it ended without a code cache (${how})`)
    },
    lastOutput: () => output.join('\n'),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line))
  } catch {
    // Not every line is a log record.
    return {}
  }
}
