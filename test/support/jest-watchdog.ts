import { readFileSync } from 'node:fs'

/** No file takes as long, on a machine that is some times slower than a quiet one, either. */
const LIMIT_MS = 360_000
const EVERY_MS = 10_000

interface Test {
  readonly path: string
}

/**
 * A reporter that ends what hangs outside of a test, such as while modules are loaded, where no time limit of Jest's applies: where nothing
 * else runs any more, the process of a file that has run for six minutes is killed. Jest counts the file as failed, and the run ends.
 */
export default function watchdog(
  _config: unknown,
  { limitMs = LIMIT_MS, everyMs = EVERY_MS }: { readonly limitMs?: number; readonly everyMs?: number } = {},
) {
  const beganAt = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const now = performance.now()
    if (beganAt.size === 0 || [...beganAt.values()].some((at) => now - at < limitMs)) return
    const pids = workers()
    if (pids.length === 0) return
    process.stderr.write(`hangs, and is ended: ${[...beganAt.keys()].join(', ')}\n`)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
  }
  return {
    onRunStart: () => {
      timer = setInterval(look, everyMs).unref()
    },
    onTestFileStart: ({ path }: Test) => void beganAt.set(path, performance.now()),
    onTestFileResult: ({ path }: Test) => void beganAt.delete(path),
    onRunComplete: () => clearInterval(timer),
  }
}

/** The processes that run files for this one (Linux: elsewhere none is found, and a file that hangs goes on). */
function workers(): readonly number[] {
  try {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    const pids = children.split(' ').filter(Boolean).map(Number)
    return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('jest-worker'))
  } catch {
    return []
  }
}
