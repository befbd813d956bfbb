const MAX_BATCH = 100

type Waiting<Item, Result> = PromiseWithResolvers<Result> & { readonly item: Item }

/**
 * Does together what is asked for while it is done for others: one statement for many, and none waits for more. `run` resolves
 * to a result for each, in their order.
 */
export function createBatched<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let running = false

  const runBatch = async (batch: readonly Waiting<Item, Result>[]) => {
    try {
      const results = await run(batch.map(({ item }) => item))
      // There is one for each.
      for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  const runWaiting = async () => {
    if (running) return
    running = true
    for (let batch = waiting.splice(0, MAX_BATCH); batch.length > 0; batch = waiting.splice(0, MAX_BATCH)) {
      await runBatch(batch)
    }
    running = false
  }
  return (item) => {
    const result = Promise.withResolvers<Result>()
    waiting.push({ item, ...result })
    void runWaiting()
    return result.promise
  }
}
