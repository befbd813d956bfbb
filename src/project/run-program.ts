import { spawn } from 'node:child_process'
import { ConfigError } from '../kernel/config-error.ts'

/** How a program ended, and what it wrote. */
export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end, without input, in the environment of this process by default. A signal that ends this process
 * ends it, too: two programs that install packages in one folder ruin it. Throws a ConfigError if there is none of this name.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  env?: Readonly<Record<string, string>>,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...(env ? { env } : {}) })
    let received: NodeJS.Signals | undefined
    const forward = (signal: NodeJS.Signals) => {
      received = signal
      child.kill(signal)
    }
    for (const signal of SIGNALS) process.on(signal, forward)
    const stopForwarding = () => {
      for (const signal of SIGNALS) process.off(signal, forward)
    }
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      stopForwarding()
      reject(cause.code === 'ENOENT' ? new ConfigError(`there is no ${program} on PATH: install it`, { cause }) : cause)
    })
    child.once('close', (code) => {
      stopForwarding()
      if (received) process.kill(process.pid, received)
      resolve({ code, stdout, stderr })
    })
  })
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Whether the text of an error is about a disk that has no space left. */
export const isDiskFull = (text: string): boolean => /\bENOSPC\b|no space left on device/i.test(text)
