import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One line that a child wrote: its JSON log record, or plain text. */
export type Said = Readonly<Record<string, unknown>>

export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** SIGTERM, and SIGKILL when it is still there `limitMs` later. */
  stop(limitMs: number): Promise<Exit>
}

export interface ChildOptions {
  readonly env: Readonly<Record<string, string>>
  readonly onSaid: (said: Said) => void
  readonly nodeOptions?: readonly string[]
}

/**
 * Starts a Node program of our own. It is in a process group of its own, so that Ctrl-C reaches only the runner, and it
 * ends by itself when the runner is gone, since we hold its stdin.
 */
export function startChild(file: string, { env, onSaid, nodeOptions = [] }: ChildOptions): Child {
  const child = spawn(process.execPath, [...nodeOptions, file], {
    env: { ...env, EBB_PARENT: 'stdin' },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => onSaid(toSaid(line)))
  }
  // 'close' comes after the last line was read; a program that cannot be started has an 'error' and no exit.
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const stop = async (limitMs: number) => {
    child.kill('SIGTERM')
    const limit = new AbortController()
    const late = delay(limitMs, 'late' as const, { signal: limit.signal }).catch(() => 'late' as const)
    if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
    limit.abort()
    return exited
  }
  return { pid: child.pid ?? 0, exited, stop }
}

function toSaid(line: string): Said {
  try {
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null) return { ...said }
  } catch {
    // Not every line is a log record.
  }
  return { level: 'text', msg: line }
}
