/** The same promise, but rejected where it takes longer. What is there already when the time is over still counts. */
export async function withTimeout<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const giveUp = () => late.reject(new Error(`no answer within ${limitMs} ms`))
  // Where this process itself was busy, the answer may wait to be read: immediates run after that.
  const timer = setTimeout(() => setImmediate(giveUp), limitMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
