/** Of one batch, so that no call keeps Redis from the others for long. */
const MAX_BATCH = 100

/**
 * Turns calls that come in one turn of the event loop into one: what arrives on many connections at once costs one round trip,
 * and none waits for a later turn. `send` gets the calls in their order, and its results are theirs.
 */
export function batchCalls<Call, Result>(send: (calls: readonly Call[]) => Promise<readonly Result[]>) {
  let waiting: {
    readonly call: Call
    readonly resolve: (result: Result) => void
    readonly reject: (error: unknown) => void
  }[] = []

  function flush() {
    const batch = waiting
    waiting = []
    send(batch.map(({ call }) => call)).then(
      (results) => {
        for (const [i, { resolve, reject }] of batch.entries()) {
          const result = results[i]
          if (result === undefined) reject(new Error('a call of a batch has no result'))
          else resolve(result)
        }
      },
      (error) => {
        for (const { reject } of batch) reject(error)
      },
    )
  }

  return (call: Call): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(() => waiting.length > 0 && flush())
      waiting.push({ call, resolve, reject })
      if (waiting.length >= MAX_BATCH) flush()
    })
}
