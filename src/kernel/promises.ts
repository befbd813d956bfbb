/**
 * The same promise, but rejected where it takes longer than `limitMs`. A result that is there when the time is over still
 * counts.
 */
export async function withTimeout<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const stop = startTimeout(limitMs, () => late.reject(new Error(`no answer within ${limitMs} ms`)))
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    stop()
  }
}

/** Calls `onTimeout` once, after `limitMs` and after what has arrived by then was read. Returns a function that stops it. */
export function startTimeout(limitMs: number, onTimeout: () => void): () => void {
  // Where this process itself was busy, an answer may wait to be read: immediates run after that.
  let immediate: NodeJS.Immediate | undefined
  const timer = setTimeout(() => {
    immediate = setImmediate(onTimeout)
  }, limitMs)
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}

/** The same promise, but rejected with the signal's reason once it is aborted. */
export async function withSignal<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort))
}

/**
 * The same promise, whose rejection counts as handled. A handler may await what a resource gives it late, or never; that
 * is an error of its own request, and must not end the process that serves all of them as an unhandled rejection.
 */
export function markHandled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
