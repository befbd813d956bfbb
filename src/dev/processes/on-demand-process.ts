import { setPriority } from 'node:os'
import { platformModule } from '../../deploy/platform-files.ts'
import { ConfigError, inheritedEnv } from '../../kernel/index.ts'
import type { Report } from '../report.ts'
import { recordChild } from './leftovers.ts'
import { type Child, startChild } from './start-child.ts'

interface ProcessOptions {
  /** What it is called in reports. */
  readonly part: string
  /** The module that it runs, by its name without extension. */
  readonly module: string
  readonly env: Readonly<Record<string, string>>
  /** The folder of the records of running children. */
  readonly run: string
  readonly report: Report
  /** Whether everything else goes first, where processors are few. Default: no. */
  readonly isBackground?: boolean
}

interface Started {
  readonly child: Child
  readonly port: Promise<number>
}

const STOP_MS = 5_000
const BACKGROUND_PRIORITY = 10
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE']

/** A process of the laptop that is started when it is first asked for, and again where it has ended by then. */
export function createOnDemandProcess({ part, module, env, run, report, isBackground = false }: ProcessOptions) {
  let started: Started | undefined
  let stopping = false

  function start(): Started {
    const port = Promise.withResolvers<number>()
    port.promise.catch(() => {})
    let last = ''
    const child = startChild(platformModule(module), {
      env: { ...inheritedEnv(INHERITED), ...env, EBB_HOST: '127.0.0.1', PORT: '0' },
      onLine: ({ msg, level, port: listening }) => {
        if (msg === 'listening') port.resolve(Number(listening))
        if (level === 'text' || level === 'error') last = String(msg)
        if (level === 'error' || level === 'warn') report({ event: 'log', part, message: String(msg) })
      },
    })
    if (isBackground) giveWay(child)
    report({ event: 'start', part, pid: child.pid })
    const recorded = recordChild(run, child.pid)
    void child.exited.then(async ({ code, signal }) => {
      started = undefined
      port.reject(new ConfigError(`the ${part} does not start: ${last}`))
      if (!stopping) report({ event: 'fault', part, message: `it ended (${signal ?? `status ${code}`}): ${last}` })
      const forget = await recorded
      await forget()
    })
    return { child, port: port.promise }
  }

  return {
    /** The port that it listens on. */
    port: async (): Promise<number> => {
      if (stopping) throw new ConfigError(`the ${part} has stopped`)
      started ??= start()
      return started.port
    },
    stop: async () => {
      stopping = true
      await started?.child.stop(STOP_MS)
    },
  }
}

function giveWay({ pid }: Child) {
  try {
    setPriority(pid, BACKGROUND_PRIORITY)
  } catch {
    // It has ended already, which is reported, or the system does not allow it.
  }
}
