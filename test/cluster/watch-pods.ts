import { createInterface } from 'node:readline'
import type { Thing } from './kubectl.ts'
import { startCommand } from './run-command.ts'

export interface Seen {
  /** This machine's clock, in milliseconds. */
  readonly at: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly pod: Thing
}

/**
 * Every change of the pods of a function with the time at which it was told: an object's own timestamps are whole
 * seconds. Ends with `close`.
 */
export function watchPods(namespace: string, selector: string) {
  const words = ['--namespace', namespace, 'get', 'pods', '--selector', selector]
  const told = ['--watch', '--output-watch-events', '--output', 'json']
  const child = startCommand('kubectl', [...words, ...told], { stdio: ['ignore', 'pipe', 'ignore'] })
  const seen: Seen[] = []
  if (!child.stdout) throw new Error('no output')
  createInterface(child.stdout).on('line', (line) => {
    // kubectl's own words, an event a line.
    const { type, object } = JSON.parse(line) as { type: Seen['type']; object: Thing }
    seen.push({ at: Date.now(), type, pod: object })
  })
  return { seen, close: () => child.kill() }
}
