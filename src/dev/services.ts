import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { platformModule } from '../deploy/platform-files.ts'
import { ConfigError } from '../kernel/index.ts'
import type { DataDir } from './data-dir.ts'
import { keepRunning } from './keep-running.ts'
import type { LogStore } from './log/log-store.ts'
import { recordChild } from './processes/leftovers.ts'
import { type Child, type OutputLine, startChild } from './processes/start-child.ts'
import type { DevEvent, Report } from './report.ts'

type Service = 'gateway' | 'relay'

interface ServicesOptions {
  readonly dataDir: DataDir
  readonly env: (part: Service) => Readonly<Record<string, string>>
  readonly port: number
  readonly adminPort: number
  readonly report: Report
  /** Keeps the lines that they log. */
  readonly log: Pick<LogStore, 'add'>
  readonly reloads: Pick<ReloadTracker, 'record'>
}

/** The always-on services. */
export const SERVICES = ['gateway', 'relay']

const STOP_MS = 15_000
const INITIAL_PAUSE_MS = 200
const MAX_PAUSE_MS = 10_000

/** What was logged, and of an error in the log its message, since the log itself is not shown. */
const withCause = (msg: unknown, err: unknown): string => {
  const { message } = Object(err)
  return typeof message === 'string' ? `${msg}: ${message}` : String(msg)
}

/** Starts gateway and relay and keeps them running; resolves when both are ready. */
export async function startServices({ dataDir, env, port, adminPort, report, log, reloads }: ServicesOptions) {
  const ports = { PORT: String(port), EBB_ADMIN_PORT: String(adminPort) }
  const start = (part: Service, onReady: (line: OutputLine) => void, onEnd: (last: string) => void): Child => {
    let last = ''
    const child = startChild(platformModule(`services/${part}/index`), {
      // The relay has an admin port of its own, which only the gateway asks.
      env: part === 'gateway' ? { ...env(part), ...ports } : env(part),
      onLine: (line) => {
        log.add(part, line)
        const { msg, level, err } = line
        if (msg === 'listening' || msg === 'relay ready') onReady(line)
        if (msg === 'contracts reloaded') reloads.record(part, String(line.contracts))
        if (msg === 'request' || msg === 'delivery') return report(toDevEvent(msg, line))
        if (level === 'text' || level === 'fatal' || level === 'error') last = String(msg)
        if (level === 'error' || level === 'warn') report({ event: 'log', part, message: withCause(msg, err) })
      },
    })
    report({ event: 'start', part, pid: child.pid })
    const recorded = recordChild(dataDir.run, child.pid)
    void child.exited.then(async () => {
      onEnd(last)
      const forget = await recorded
      await forget()
    })
    return child
  }
  const keep = async (part: Service) => {
    const { promise, resolve, reject } = Promise.withResolvers<OutputLine>()
    const startPart = () =>
      start(part, resolve, (last) => reject(new ConfigError(`the ${part} does not start: ${last}`)))
    const kept = keepRunning(part, startPart(), {
      ...{ start: startPart, stop: (child) => child.stop(STOP_MS), report },
      ...{ initialPauseMs: INITIAL_PAUSE_MS, maxPauseMs: MAX_PAUSE_MS },
    })
    const ready = await promise.catch(async (error) => {
      await kept.stop()
      throw error
    })
    return { ready, stop: kept.stop }
  }
  const [gateway, relay] = await Promise.all([keep('gateway'), keep('relay')])
  // If the gateway is started again, it keeps its ports.
  Object.assign(ports, { PORT: String(gateway.ready.port), EBB_ADMIN_PORT: String(gateway.ready.adminPort) })
  return {
    url: `http://localhost:${ports.PORT}`,
    admin: `http://localhost:${ports.EBB_ADMIN_PORT}`,
    stop: async () => {
      await Promise.all([gateway.stop(), relay.stop()])
    },
  }
}

/** The fields of a log line; the id of a delivered event is renamed, since `event` is the kind of report. */
function toDevEvent(event: 'request' | 'delivery', line: OutputLine): DevEvent {
  const { level: _level, msg: _msg, service: _service, revision: _revision, event: eventId, ...rest } = line
  return { ...rest, event, ...(eventId === undefined ? {} : { eventId }) }
}

interface ReloadTracker {
  /** Records that a part now serves a bundle of contracts. */
  record(part: string, bundle: string): void
  /** Resolves when all parts serve it, or after 5 s, since a part may have started with it and log no reload. */
  waitFor(file: string): Promise<void>
}

const RELOAD_LIMIT_MS = 5_000

/** Tracks which bundle of contracts gateway and relay serve: a save is applied when both have logged the reload. */
export function createReloadTracker(parts: readonly string[]): ReloadTracker {
  const serving = new Map<string, string>()
  let next = Promise.withResolvers<void>()
  return {
    record: (part, bundle) => {
      serving.set(part, bundle)
      next.resolve()
      next = Promise.withResolvers()
    },
    waitFor: async (file) => {
      const late = delay(RELOAD_LIMIT_MS, 'late' as const, { ref: false })
      while (parts.some((part) => serving.get(part) !== basename(file))) {
        if ((await Promise.race([next.promise, late])) === 'late') return
      }
    },
  }
}
