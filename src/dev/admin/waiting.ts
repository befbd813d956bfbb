import type { Waiting } from '../../data/waiting.ts'
import { callAdmin } from './client.ts'

/** What becomes of that which waits for a function that is removed, in lines; none where nothing does or no Ebb runs here. */
export async function linesOnWaiting(root: string, name: string): Promise<readonly string[]> {
  const path = `/v1/events/waiting?function=${encodeURIComponent(name)}`
  const waiting = await callAdmin<Waiting>(root, path, {}).catch(() => undefined)
  const { deliveries = 0, invocations = 0 } = waiting ?? {}
  return [
    ...(deliveries > 0
      ? [
          `${count(deliveries, 'event waits', 'events wait')} for it, and will go to the dead letters. For another subscriber:`,
          `  npx ebb events redrive --consumer ${name} --to NAME`,
        ]
      : []),
    ...(invocations > 0
      ? [`${count(invocations, 'asynchronous call waits', 'asynchronous calls wait')} for it, and will fail.`]
      : []),
  ]
}

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
