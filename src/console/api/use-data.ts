import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { call } from './call.ts'
import type { OperationName, ReplyOf, RequestOf } from './operations.ts'

/** What a page shows of an operation's reply. */
export interface Data<Value> {
  readonly value: Value | undefined
  /** Why the newest attempt failed; the value before it stays. */
  readonly error: unknown
  readonly reload: () => Promise<void>
}

export interface UseDataOptions {
  /** Default: once. */
  readonly everyMs?: number
}

/** Reads an operation now, and again while the page is looked at. A hidden page asks for nothing. */
export function useData<Name extends OperationName>(
  name: Name,
  request: RequestOf<Name>,
  options: UseDataOptions = {},
): Data<ReplyOf<Name>> {
  const key = JSON.stringify([name, request])
  return useReading(key, (signal) => call(name, request, { signal }), options)
}

/** Reads anything now, whenever `key` changes, and again while the page is looked at. */
export function useReading<Value>(
  key: string,
  read: (signal: AbortSignal) => Promise<Value>,
  { everyMs }: UseDataOptions = {},
): Data<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; error?: unknown }>({ key })
  const newest = useRef(read)
  newest.current = read
  const running = useRef<AbortController>(undefined)

  const reload = useCallback(async () => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    try {
      const value = await newest.current(controller.signal)
      if (!controller.signal.aborted) setState({ key, value })
    } catch (error) {
      if (!controller.signal.aborted) setState((old) => (old.key === key ? { ...old, error } : { key, error }))
    }
  }, [key])

  useEffect(() => {
    void reload()
    const timer = everyMs === undefined ? undefined : setInterval(() => void (document.hidden || reload()), everyMs)
    const onVisible = () => void (document.hidden || everyMs === undefined || reload())
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      running.current?.abort()
      clearInterval(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [reload, everyMs])

  const isCurrent = state.key === key
  return { value: isCurrent ? state.value : undefined, error: isCurrent ? state.error : undefined, reload }
}
