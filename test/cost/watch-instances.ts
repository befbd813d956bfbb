import { readFileSync } from 'node:fs'
import type { RunnerEvent } from '../support/ebb.ts'

/** One process of a function, as the kernel has it. */
interface WatchedInstance {
  readonly name: string
  /** On the clock of /proc/uptime, in seconds. */
  readonly from: number
  to: number | undefined
}

const [POLL_MS, TICKS_PER_SECOND, STARTED_AT] = [5, 100, 19]
const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])

/**
 * Watches the processes of functions from outside: when each began, by /proc, and when it was gone. Nothing of it comes from what is
 * under test but the process ids.
 */
export function watchInstances(events: readonly RunnerEvent[]) {
  const watched = new Map<number, WatchedInstance>()
  let seen = 0
  const look = () => {
    for (; seen < events.length; seen++) {
      const { event, function: name, pid } = events[seen] ?? { event: '' }
      if (event === 'spawn') watched.set(Number(pid), { name: String(name), from: startOf(Number(pid)), to: undefined })
    }
    for (const [pid, instance] of watched) if (instance.to === undefined && !isRunning(pid)) instance.to = uptime()
  }
  const timer = setInterval(look, POLL_MS)
  return {
    /** The seconds that the processes of each function have lived. */
    seconds: (): ReadonlyMap<string, number> => {
      look()
      const seconds = new Map<string, number>()
      for (const { name, from, to = uptime() } of watched.values())
        seconds.set(name, (seconds.get(name) ?? 0) + to - from)
      return seconds
    },
    count: () => watched.size,
    running: () => [...watched.values()].filter(({ to }) => to === undefined).length,
    close: () => clearInterval(timer),
  }
}

/** What /proc says of a process after its name, which may hold spaces and parentheses. */
function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

const startOf = (pid: number) => Number(statOf(pid)[STARTED_AT]) / TICKS_PER_SECOND

/** One that has ended and that its parent has not looked after yet has nothing any more. */
function isRunning(pid: number): boolean {
  try {
    return statOf(pid)[0] !== 'Z'
  } catch {
    return false
  }
}
