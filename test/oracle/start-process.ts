import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { inheritedEnv } from 'ebb/kernel'

interface ProcessOptions {
  readonly env: Readonly<Record<string, string>>
  /** What it logs when it can be called. */
  readonly ready: string
}

/** A line of its log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

/** Runs a program of Ebb's as a process, which ends with this one. Rejects with what it said where it ends before it is ready. */
export async function startProcess(args: readonly string[], { env, ready }: ProcessOptions) {
  const child = spawn(process.execPath, [...args], {
    env: { ...inheritedEnv(['PATH', 'HOME', 'TMPDIR']), EBB_HOST: '127.0.0.1', EBB_PARENT: 'stdin', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const logged: LogLine[] = []
  const isReady = Promise.withResolvers<LogLine>()
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  createInterface({ input: child.stdout }).on('line', (text) => {
    said.push(text)
    // Whatever Ebb writes there is a record, and what others write is none.
    if (!text.startsWith('{')) return
    const line: LogLine = JSON.parse(text)
    logged.push(line)
    if (line.msg === ready) isReady.resolve(line)
  })
  const closed = once(child, 'close')
  child.once('close', (code) => isReady.reject(new Error([`it ended with status ${code}:`, ...said].join('\n'))))
  child.once('error', isReady.reject)
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    if (child.exitCode === null) child.kill(signal)
    await closed
    return child.exitCode
  }
  return {
    ready: await isReady.promise,
    logged: (): readonly LogLine[] => [...logged],
    /** Ends it as a platform does, so that it exports what was still to be exported; resolves to its exit code. */
    stop: () => end('SIGTERM'),
    /** Ends it whatever it does; good after stop() too. */
    kill: async () => void (await end('SIGKILL')),
  }
}
