import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { inheritedEnv } from 'ebb/kernel'
import { createIdentitySigners, generateIdentityKeys } from 'ebb/protocol'
import { NODE_FLAGS } from '../../src/build/index.ts'

interface BuiltOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Before the start file, after the flags of every image. */
  readonly nodeArgs?: readonly string[]
}

interface BuiltRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** How it ended, with all that it output. */
interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type LogRecord = Readonly<Record<string, unknown>> & { readonly msg: string }

const keys = generateIdentityKeys()

/** Vouches for callers as the platform does, to every function that startBuilt starts. */
export async function signers() {
  return createIdentitySigners(await keys)
}

/**
 * Starts a built function by its start file, as its image does, on a free port of loopback and without telemetry that
 * leaves it. It ends with this process; disposing of it kills it.
 */
export async function startBuilt(start: string, { env = {}, nodeArgs = [] }: BuiltOptions = {}) {
  const child = spawn(process.execPath, [...NODE_FLAGS, ...nodeArgs, start], {
    env: {
      ...inheritedEnv(['PATH', 'HOME', 'TMPDIR']),
      ...{ PORT: '0', EBB_HOST: '127.0.0.1', EBB_PARENT: 'stdin', NODE_ENV: 'production' },
      ...{ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
      EBB_IDENTITY_JWKS: JSON.stringify((await keys).jwks),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  const listening = Promise.withResolvers<number>()
  const output: Record<'stdout' | 'stderr' | 'reported', string[]> = { stdout: [], stderr: [], reported: [] }
  const readLines = (input: Readable, lines: string[], onLine: (line: string) => void = () => {}) =>
    createInterface({ input }).on('line', (line) => {
      lines.push(line)
      onLine(line)
    })
  readLines(child.stderr, output.stderr)
  // Asked for by `stdio` above.
  readLines(child.stdio[3] as Readable, output.reported)
  readLines(child.stdout, output.stdout, (line) => {
    if (line.includes('"msg":"listening"')) listening.resolve(JSON.parse(line).port)
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout: output.stdout.join('\n'), stderr: output.stderr.join('\n') }))
  })
  const missed = ({ stdout, stderr }: Ended) => new Error(`it did not listen\n${stdout}\n${stderr}`)
  void ended.then((how) => listening.reject(missed(how)), listening.reject)
  listening.promise.catch(() => {})

  return {
    /** Sends it a request as soon as it listens. */
    ask: async ({ method, target, headers, body }: BuiltRequest) => {
      const response = await fetch(`http://127.0.0.1:${await listening.promise}${target}`, {
        ...{ method, headers },
        ...(body === undefined ? {} : { body }),
      })
      return { status: response.status, body: await response.text() }
    },
    listening: listening.promise,
    ended,
    /** Ends it as a platform does. */
    end: async () => {
      child.kill('SIGTERM')
      return ended
    },
    /** What it has logged so far; all of it once it has ended. */
    log: (): readonly LogRecord[] => output.stdout.map((line) => JSON.parse(line)),
    /** The lines that a preload wrote to its file descriptor 3. */
    reported: output.reported as readonly string[],
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
