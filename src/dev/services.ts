import { join } from 'node:path'
import { ConfigFault } from '../kernel/index.ts'
import type { ContractsSwap } from './contracts-swap.ts'
import type { Home } from './home.ts'
import { type Child, type Said, startChild } from './processes/child.ts'
import { keepRunning } from './processes/keep-running.ts'
import { noteChild } from './processes/leftovers.ts'
import type { Report, Told } from './report.ts'

export type Part = 'gateway' | 'relay'

export interface ServicesOptions {
  readonly root: string
  readonly home: Home
  readonly env: (part: Part) => Readonly<Record<string, string>>
  readonly port: number
  readonly adminPort: number
  readonly report: Report
  readonly swap: Pick<ContractsSwap, 'heard'>
}

/** The always-on parts. */
export const PARTS = ['gateway', 'relay']

const STOP_MS = 15_000

/** Starts the always-on parts, gateway and relay, and keeps them running; answers when both are ready. */
export async function startServices({ root, home, env, port, adminPort, report, swap }: ServicesOptions) {
  const ports = { PORT: String(port), EBB_ADMIN_PORT: String(adminPort) }
  const start = (part: Part, onReady: (said: Said) => void, onEnd: (last: string) => void): Child => {
    let last = ''
    const child = startChild(join(root, 'services', part, 'index.ts'), {
      // The relay's admin port is for clusters: here it would be the gateway's.
      env: part === 'gateway' ? { ...env(part), ...ports } : env(part),
      onSaid: (said) => {
        const { msg, level } = said
        if (msg === 'listening' || msg === 'relay ready') onReady(said)
        if (msg === 'contracts swapped') swap.heard(part, String(said.contracts))
        if (msg === 'request' || msg === 'delivery') return report(toTold(msg, said))
        if (level === 'text' || level === 'fatal' || level === 'error') last = String(msg)
        if (level === 'error' || level === 'warn') report({ event: 'log', part, message: String(msg) })
      },
    })
    report({ event: 'start', part, pid: child.pid })
    const noted = noteChild(home.run, child.pid)
    void child.exited.then(async () => {
      onEnd(last)
      await (await noted)()
    })
    return child
  }
  const keep = async (part: Part) => {
    const { promise, resolve, reject } = Promise.withResolvers<Said>()
    const kept = keepRunning(part, {
      ...{ report, stopMs: STOP_MS },
      start: () => start(part, resolve, (last) => reject(new ConfigFault(`the ${part} does not start: ${last}`))),
    })
    const ready = await promise.catch(async (fault) => {
      await kept.stop()
      throw fault
    })
    return { ready, stop: kept.stop }
  }
  const [gateway, relay] = await Promise.all([keep('gateway'), keep('relay')])
  // Should the gateway be started again, it is found where it was.
  Object.assign(ports, { PORT: String(gateway.ready.port), EBB_ADMIN_PORT: String(gateway.ready.adminPort) })
  return {
    url: `http://localhost:${ports.PORT}`,
    admin: `http://localhost:${ports.EBB_ADMIN_PORT}`,
    stop: async () => {
      await Promise.all([gateway.stop(), relay.stop()])
    },
  }
}

/** What a log line itself says; the id of a delivered event would otherwise stand where the kind of line does. */
function toTold(event: 'request' | 'delivery', said: Said): Told {
  const { level: _level, msg: _msg, service: _service, revision: _revision, event: eventId, ...rest } = said
  return { ...rest, event, ...(eventId === undefined ? {} : { eventId }) }
}
