import { promises as fs } from 'node:fs'

/**
 * How often a file is looked at. By its path and not by inotify: Kubernetes replaces a link two folders above the file, and
 * a watch of the file itself would end with the first change.
 */
const POLL_MS = 1_000

interface WatchOptions {
  /** What the file held when it was read last. */
  readonly text: string
  /** Whether it may be absent, which means the same as an empty one. Default: false. */
  readonly isOptional?: boolean
  /** Called with what the file holds since it changed, one call at a time. Never rejects. */
  readonly onChange: (text: string) => Promise<void>
  /** Called once for each time that the file becomes unreadable. Never throws. */
  readonly onError: (error: unknown) => void
}

const polls = new Set<() => Promise<void>>()
let _timer: NodeJS.Timeout | undefined

/**
 * Calls back when the file holds something else. A file that was put in the place of the old one is read at once; one that
 * was written in place, when a second has passed without a further change, since it could be half written. Keeps no process
 * alive. Returns a function that reads the file now, and resolves when the callback has ended.
 */
export function watchFile(
  path: string,
  { text, isOptional = false, onChange, onError }: WatchOptions,
): () => Promise<void> {
  let known = text
  let seen: FileState | undefined
  let isSettled = true
  let isReadable = true

  const look = async (now: boolean) => {
    try {
      const state = await stateOf(path).catch((error) => absentOr(error, isOptional))
      const isSame = seen?.id === state.id && seen.version === state.version
      const isInPlace = seen?.id === state.id && !isSame
      const isDue = now || (isSame ? !isSettled : !isInPlace)
      isSettled = isDue || isSame
      seen = state
      if (!isDue) return
      const content = state === ABSENT ? '' : await fs.readFile(path, 'utf8')
      isReadable = true
      if (content === known) return
      known = content
      await onChange(content)
    } catch (error) {
      if (isReadable) onError(error)
      isReadable = false
      seen = undefined
    }
  }
  let last = Promise.resolve()
  const inTurn = (now: boolean) => {
    last = last.then(() => look(now))
    return last
  }
  polls.add(() => inTurn(false))
  _timer ??= setInterval(() => polls.forEach((poll) => void poll()), POLL_MS).unref()
  return () => inTurn(true)
}

interface FileState {
  /** Which file it is: another one where it was replaced. */
  readonly id: string
  /** Changes when something is written to it. */
  readonly version: string
}

const ABSENT: FileState = { id: '', version: '' }

function absentOr(error: unknown, isOptional: boolean): FileState {
  // An error of node:fs has a code.
  if (isOptional && (error as NodeJS.ErrnoException).code === 'ENOENT') return ABSENT
  throw error
}

async function stateOf(path: string): Promise<FileState> {
  const { dev, ino, size, mtimeMs, ctimeMs } = await fs.stat(path)
  return { id: `${dev}:${ino}`, version: `${size}:${mtimeMs}:${ctimeMs}` }
}
