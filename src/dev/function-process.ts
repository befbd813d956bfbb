import type { InstanceProcess } from './function-pool.ts'
import { startChild } from './processes/child.ts'
import { noteChild } from './processes/leftovers.ts'
import type { Report } from './report.ts'

export interface FunctionProcessOptions {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly runFolder: string
  /** From SIGTERM to SIGKILL. */
  readonly drainMs: number
  readonly startLimitMs: number
  readonly report: Report
}

/** Starts one process of a function on a port of its own choosing, which its log tells. */
export async function startFunction(file: string, options: FunctionProcessOptions): Promise<InstanceProcess> {
  const { name, env, runFolder, drainMs, startLimitMs, report } = options
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>()
  let last = 'it said nothing'
  const child = startChild(file, {
    env: { ...env, PORT: '0', EBB_HOST: '127.0.0.1' },
    nodeOptions: ['--enable-source-maps'],
    onSaid: (said) => {
      const { level, msg, port } = said
      if (msg === 'listening' && typeof port === 'number') return resolve(port)
      if (level === 'text' || level === 'fatal') last = faultText(said)
      if (level === 'error')
        report({ event: 'fault', part: name, message: faultText(said), correlationId: said.correlationId })
      if (level === 'text' || level === 'warn') report({ event: 'log', part: name, message: String(msg) })
    },
  })
  const forget = await noteChild(runFolder, child.pid)
  const tooLate = setTimeout(() => void child.stop(0), startLimitMs)
  void child.exited.then(({ code, signal }) => {
    clearTimeout(tooLate)
    reject(new Error(`it ended while it started (${signal ?? `status ${code}`}): ${last}`))
    return forget()
  })
  listening.then(
    () => clearTimeout(tooLate),
    () => {},
  )
  return { pid: child.pid, listening, exited: child.exited, stop: () => child.stop(drainMs) }
}

/** What a fault is, from the log record that tells it. */
function faultText({ msg, err }: Readonly<Record<string, unknown>>): string {
  const { stack, message } = Object(err) as { stack?: unknown; message?: unknown }
  return [msg === 'fault' ? undefined : msg, stack ?? message].filter((part) => part !== undefined).join(': ')
}
