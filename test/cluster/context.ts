import { connect } from 'node:net'
import { type Forward, forward } from './forward.ts'
import { type Kubectl, kubectlIn } from './kubectl.ts'
import type { Options } from './options.ts'

export interface Context {
  readonly options: Options
  readonly kubectl: Kubectl
  /** Where the gateway answers. */
  readonly gateway: () => Promise<string>
  /** Where its admin port answers. */
  readonly admin: () => Promise<string>
  /** What goes below the table of checks. */
  readonly tables: FigureTable[]
  readonly say: (sentence: string) => void
  readonly close: () => Promise<void>
}

export interface FigureTable {
  readonly title: string
  readonly rows: readonly (readonly string[])[]
}

const REACH_MS = 2_000

/** What every check is given. */
export async function openContext(options: Options): Promise<Context> {
  const kubectl = kubectlIn(options.namespace)
  const forwards: Forward[] = []
  const beganAt = Date.now()
  const addresses = new Map<string, Promise<string>>()
  const addressOf = (service: string, port: number) => {
    const known = addresses.get(service) ?? reach(service, port)
    addresses.set(service, known)
    return known
  }

  async function reach(service: string, port: number): Promise<string> {
    const ip = await kubectl.text(['get', 'service', service, '--output', 'jsonpath={.spec.clusterIP}'])
    if (await reachable(ip, port)) return `http://${ip}:${port}`
    const opened = await forward(kubectl, options.namespace, service, port)
    forwards.push(opened)
    return opened.url
  }

  return {
    options,
    kubectl,
    gateway: () => addressOf(`${options.release}-gateway`, 80),
    admin: () => addressOf(`${options.release}-gateway-admin`, 8081),
    tables: [],
    say: (sentence) =>
      process.stdout.write(`${`${((Date.now() - beganAt) / 1_000).toFixed(1)} s`.padStart(8)}  ${sentence}\n`),
    close: async () => {
      await Promise.all(forwards.map((one) => one.close()))
    },
  }
}

/** Whether this machine can talk to an address of the cluster by itself. */
function reachable(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: REACH_MS })
  socket
    .once('connect', () => resolve(true))
    .once('timeout', () => resolve(false))
    .once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
