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

/** Creates the account of this process: it looks at the clock only where the first request begins, or the last one ends. */
export function createInstanceAccount({
  now = () => performance.now(),
  cpuUsage = process.cpuUsage,
} = {}): InstanceAccount {
  const usedMs = { starting: 0, busy: 0, idle: 0 }
  // The clock of a process begins with it.
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
      const { user, system } = cpuUsage()
      const { starting, busy, idle } = usedMs
      return {
        ...{ starting: starting / 1_000, busy: busy / 1_000, idle: idle / 1_000 },
        cpu: (user + system) / MICROSECONDS,
      }
    },
  }
}
