import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Lets a child not outlive this process, however that ends; returns what ends the child now and waits for it. */
export function killOnExit(child: ChildProcess): () => Promise<void> {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(1))
  }
  return async () => {
    process.off('exit', kill)
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    kill()
    await exited
  }
}
