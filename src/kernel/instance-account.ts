import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** How a process has used its time so far. Its life is the sum of the first three. */
export interface InstanceUse {
  /** From its start until it was ready. */
  readonly starting: number
  /** With at least one request in flight. */
  readonly busy: number
  /** With none. */
  readonly idle: number
  /** That it has computed, on any number of CPUs. */
  readonly cpu: number
}

/** A process by what it reserves of a node. */
export interface RecordedInstance {
  /** Of its function. */
  readonly name: string
  readonly cpuMilli: number
  readonly memoryMib: number
}

/** Measures how this process uses its time, in seconds. */
export interface InstanceAccount {
  /** The process is ready. */
  readonly ready: () => void
  readonly begin: () => void
  readonly end: () => void
  /** Up to now. */
  readonly read: () => InstanceUse
}

const MICROSECONDS = 1_000_000
/** Of the kernel, whatever its own clock ticks by. */
const TICKS_PER_SECOND = 100
/** What follows the name in /proc/self/stat, up to when the process began. */
const STARTED_AT = 19
/** Longer than any process takes to load Node. */
const MAX_BEFORE_SECONDS = 10

/** Creates the account of this process: it looks at the clock only where the first request begins, or the last one ends. */
export function createInstanceAccount({
  now = () => performance.now(),
  cpuUsage = process.cpuUsage,
  beforeClock = readBeforeClock,
} = {}): InstanceAccount {
  const usedMs = { starting: 0, busy: 0, idle: 0 }
  let beforeSeconds: number | undefined
  // The clock of a process begins soon after it.
  let [state, since, inFlight]: [keyof typeof usedMs, number, number] = ['starting', 0, 0]
  const enter = (next: typeof state) => {
    const at = now()
    usedMs[state] += at - since
    since = at
    state = next
  }
  return {
    ready: () => enter('idle'),
    begin: () => {
      if (inFlight++ === 0) enter('busy')
    },
    end: () => {
      if (--inFlight === 0) enter('idle')
    },
    read: () => {
      enter(state)
      beforeSeconds ??= beforeClock()
      const { user, system } = cpuUsage()
      const { starting, busy, idle } = usedMs
      return {
        ...{ starting: beforeSeconds + starting / 1_000, busy: busy / 1_000, idle: idle / 1_000 },
        cpu: (user + system) / MICROSECONDS,
      }
    },
  }
}

/** For how many seconds this process was there before its clock began: only Linux says so, to a hundredth. */
function readBeforeClock(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    // The name of a process may hold spaces and parentheses.
    const startedTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[STARTED_AT])
    const before = uptime() - startedTicks / TICKS_PER_SECOND - performance.now() / 1_000
    // One that slept, or sees another uptime than its machine's, does not know.
    return before > 0 && before < MAX_BEFORE_SECONDS ? before : 0
  } catch {
    return 0
  }
}
