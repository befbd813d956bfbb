import { type Forward, forward, reachable } from './forward.ts'
import { type Kubectl, kubectlIn } from './kubectl.ts'
import type { Engine, Options } from './options.ts'

export interface Context {
  readonly options: Options
  /** The folder of what is built and installed. */
  readonly project: string
  readonly kubectl: Kubectl
  /** The address of the gateway. */
  readonly gateway: () => Promise<string>
  /** The address of its admin port. */
  readonly admin: () => Promise<string>
  /** The address of a Service of the namespace. */
  readonly serviceUrl: (service: string, port: number) => Promise<string>
  /** What goes below the table of checks. */
  readonly tables: FigureTable[]
  readonly log: (sentence: string) => void
  readonly close: () => Promise<void>
}

export interface FigureTable {
  readonly title: string
  readonly rows: readonly (readonly string[])[]
}

/** One promise that is checked on a cluster. */
export interface Check {
  readonly name: string
  /** Resolves to its figures; throws what is wrong. */
  readonly run: (context: Context) => Promise<string>
  /** Set where it means nothing on the others. */
  readonly engines?: readonly Engine[]
  /** Set where it installs what it needs by itself. */
  readonly isAlone?: true
}

const TRIES = 5

/** What every check is given. */
export async function openContext(options: Options, project: string): Promise<Context> {
  const kubectl = kubectlIn(options.namespace)
  const forwards: Forward[] = []
  const beganAt = Date.now()
  const addresses = new Map<string, Promise<string>>()
  const addressOf = (service: string, port: number) => {
    const name = `${service}:${port}`
    const known = addresses.get(name) ?? reach(service, port)
    addresses.set(name, known)
    return known
  }

  async function reach(service: string, port: number): Promise<string> {
    const ip = await kubectl.text(['get', 'service', service, '--output', 'jsonpath={.spec.clusterIP}'])
    // A port-forward ends with the pod that it leads to, which a roll-out replaces: the last resort.
    for (let i = 0; i < TRIES; i++) if (await reachable(ip, port)) return `${ip}:${port}`
    const opened = await forward(kubectl, options.namespace, service, port)
    forwards.push(opened)
    return `127.0.0.1:${opened.port}`
  }

  return {
    options,
    project,
    kubectl,
    gateway: async () => `http://${await addressOf(`${options.release}-gateway`, 80)}`,
    admin: async () => `http://${await addressOf(`${options.release}-gateway-admin`, 8081)}`,
    serviceUrl: async (service, port) => `http://${await addressOf(service, port)}`,
    tables: [],
    log: (sentence) =>
      process.stdout.write(`${`${((Date.now() - beganAt) / 1_000).toFixed(1)} s`.padStart(8)}  ${sentence}\n`),
    close: async () => {
      await Promise.all(forwards.map((one) => one.close()))
    },
  }
}
