import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { killOnExit } from '../../../bench/measure/kill-on-exit.ts'

const RESTART_MS = 100
const STOP_MS = 10_000

interface ProgramOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Its output is added here, of all its processes. */
  readonly logFile: string
  /** Called with each port that it listens on. */
  readonly onPort: (port: number) => void
}

export type Program = ReturnType<typeof keepRunning>

/** A Node program that is started again whenever it ends, as a platform does. */
export function keepRunning({ args, env, logFile, onPort }: ProgramOptions) {
  const output = createWriteStream(logFile, { flags: 'a' })
  let closing = false
  let frozen = 0
  let running = start()

  function start() {
    const child = spawn(process.execPath, args, { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })
    child.stdin?.on('error', () => {})
    const follow = (input: NodeJS.ReadableStream | null, toLine: (text: string) => string) =>
      input && createInterface({ input }).on('line', (text) => output.write(`${toLine(text)}\n`))
    follow(child.stdout, (text) => {
      if (text.includes('"msg":"listening"')) onPort(Number(JSON.parse(text).port))
      return text
    })
    follow(child.stderr, (text) => JSON.stringify({ level: 'text', time: new Date().toISOString(), msg: text }))
    const release = killOnExit(child)
    const exited = once(child, 'exit').then(async () => {
      await release()
      if (closing) return
      await delay(RESTART_MS)
      if (!closing) running = start()
    })
    return { child, exited }
  }

  return {
    /** Returns the pid of what was killed. */
    kill: (): number => {
      running.child.kill('SIGKILL')
      return running.child.pid ?? 0
    },
    /** SIGSTOP; returns what lets the same process go on. */
    freeze: () => {
      const { child } = running
      child.kill('SIGSTOP')
      frozen += 1
      return () => {
        frozen -= 1
        child.kill('SIGCONT')
      }
    },
    isFrozen: () => frozen > 0,
    tell: (message: object) => {
      const { child } = running
      if (child.connected) child.send(message, () => {})
    },
    close: async () => {
      closing = true
      const { child, exited } = running
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      if (isRunning(child)) await exited
      clearTimeout(limit)
      await new Promise<void>((resolve) => output.end(resolve))
    },
  }
}

const isRunning = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null
