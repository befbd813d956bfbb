import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ImageOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Kills it. */
  readonly signal: AbortSignal
}

/** A process of a function as its image starts it; disposing of it kills it. */
export interface Image extends AsyncDisposable {
  /** The port; rejects where it ends before it listens. */
  readonly listening: Promise<number>
  /** Lets it end and leave its cache data; rejects where it ends otherwise. */
  finish(): Promise<void>
  /** What it said last, but for what is usual; all of it once it has been disposed of. */
  lastOutput(): string
}

const MAX_OUTPUT_LINES = 12

/** Starts Node with these arguments. The process ends by itself when this one is gone, which holds its stdin. */
export function startImage(node: string, { args, env, signal }: ImageOptions): Image {
  const child = spawn(node, args, {
    ...{ signal, killSignal: 'SIGKILL', detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
    env: { ...env, EBB_PARENT: 'stdin' },
  })
  const listening = Promise.withResolvers<number>()
  const words: string[] = []
  const hear = (line: string) => {
    const { msg = line, level, port, err } = parse(line)
    if (msg === 'listening' && typeof port === 'number') listening.resolve(port)
    if (level === 'info') return
    const { stack, message } = Object(err)
    words.push([msg, stack ?? message].filter((word) => word !== undefined).join(': '))
    if (words.length > MAX_OUTPUT_LINES) words.shift()
  }
  child.stdin.on('error', () => {})
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', hear)

  // After 'close' nothing more is heard of it. Who killed it knows why; but what cannot be started has an 'error' too.
  const ended = new Promise<string>((resolve) => {
    child.on('error', (fault) => fault.name !== 'AbortError' && words.push(fault.message))
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
    lastOutput: () => words.join('\n'),
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
