import { platformModule } from '../../deploy/platform-files.ts'
import { ConfigError, inheritedEnv } from '../../kernel/index.ts'
import { recordChild } from '../processes/leftovers.ts'
import { type Child, startChild } from '../processes/start-child.ts'
import type { Report } from '../report.ts'

interface ProcessOptions {
  /** The file with what it is run with. */
  readonly config: string
  /** The folder of the records of running children. */
  readonly run: string
  readonly report: Report
}

interface Started {
  readonly child: Child
  readonly port: Promise<number>
}

const STOP_MS = 5_000
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE']

/** The process of the provider, which is started when it is first asked for, and again where it has ended by then. */
export function createProviderProcess({ config, run, report }: ProcessOptions) {
  let started: Started | undefined
  let stopping = false

  function start(): Started {
    const port = Promise.withResolvers<number>()
    port.promise.catch(() => {})
    let last = ''
    const child = startChild(platformModule('src/dev/provider/index'), {
      env: { ...inheritedEnv(INHERITED), EBB_PROVIDER_CONFIG: config, EBB_HOST: '127.0.0.1', PORT: '0' },
      onLine: ({ msg, level, port: listening }) => {
        if (msg === 'listening') port.resolve(Number(listening))
        if (level === 'text' || level === 'error') last = String(msg)
        if (level === 'error' || level === 'warn') report({ event: 'log', part: 'provider', message: String(msg) })
      },
    })
    report({ event: 'start', part: 'provider', pid: child.pid })
    const recorded = recordChild(run, child.pid)
    void child.exited.then(async ({ code, signal }) => {
      started = undefined
      port.reject(new ConfigError(`the provider does not start: ${last}`))
      if (!stopping)
        report({ event: 'fault', part: 'provider', message: `it ended (${signal ?? `status ${code}`}): ${last}` })
      const forget = await recorded
      await forget()
    })
    return { child, port: port.promise }
  }

  return {
    /** The port that it listens on. */
    port: async (): Promise<number> => {
      if (stopping) throw new ConfigError('the provider has stopped')
      started ??= start()
      return started.port
    },
    stop: async () => {
      stopping = true
      await started?.child.stop(STOP_MS)
    },
  }
}
