import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { untilTrue } from '../support/until.ts'
import type { Kubectl } from './kubectl.ts'
import { startCommand } from './run-command.ts'

export interface Forward {
  readonly url: string
  readonly close: () => Promise<void>
}

/** `kubectl port-forward` to a Service on a port of this machine; it is started anew whenever its pod is gone. */
export async function forward(kubectl: Kubectl, namespace: string, service: string, port: number): Promise<Forward> {
  const local = await freePort()
  const url = `http://127.0.0.1:${local}`
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
  await untilTrue(() => answers(url), { limitMs: 30_000, what: `a port-forward to ${service}` })
  return {
    url,
    close: async () => {
      closed = true
      child?.kill()
    },
  }
}

const answers = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    () => false,
  )

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
