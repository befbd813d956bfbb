import type { ChildProcess } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { untilTrue } from '../support/until.ts'
import type { Kubectl } from './kubectl.ts'
import { startCommand } from './run-command.ts'

export interface Forward {
  readonly port: number
  readonly close: () => Promise<void>
}

/** `kubectl port-forward` to a Service on a port of this machine; it is started anew whenever its pod is gone. */
export async function forward(kubectl: Kubectl, namespace: string, service: string, port: number): Promise<Forward> {
  const local = await freePort()
  let [child, closed]: [ChildProcess | undefined, boolean] = [undefined, false]
  const start = () => {
    if (closed) return
    const words = ['--namespace', namespace, 'port-forward', `service/${service}`, `${local}:${port}`]
    child = startCommand('kubectl', words, { stdio: ['ignore', 'ignore', 'pipe'] })
    // It says so, goes on listening, and refuses everything.
    child.stderr?.on(
      'data',
      (text) => /lost connection|error forwarding|not running/i.test(String(text)) && child?.kill(),
    )
    child.once('close', () => setTimeout(start, 200))
  }
  start()
  await kubectl.text(['get', 'service', service])
  await untilTrue(() => reachable('127.0.0.1', local), { limitMs: 30_000, what: `a port-forward to ${service}` })
  return {
    port: local,
    close: async () => {
      closed = true
      child?.kill()
    },
  }
}

const REACH_MS = 2_000

/** Whether this machine can talk to an address by itself. */
export function reachable(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: REACH_MS })
  socket
    .once('connect', () => resolve(true))
    .once('timeout', () => resolve(false))
    .once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
