import { expect, it } from '@jest/globals'
import { inBatches } from './in-batches.ts'

/** Doubles numbers, in calls that a test lets go on. */
function rig(options: { maxBatch?: number; maxRunning?: number; maxWaiting?: number; limitMs?: number } = {}) {
  const calls: { readonly questions: readonly number[]; end: (fault?: Error) => void }[] = []
  const double = inBatches(
    (questions: readonly number[]) =>
      new Promise<number[]>((resolve, reject) => {
        const end = (fault?: Error) => (fault ? reject(fault) : resolve(questions.map((n) => n * 2)))
        calls.push({ questions, end })
      }),
    {
      ...{ maxBatch: 100, maxRunning: 1, maxWaiting: 100, limitMs: 60_000, overflow: () => new Error('too many') },
      ...options,
    },
  )
  return { calls, double }
}

it('asks the first at once, and all that come meanwhile together', async () => {
  const { calls, double } = rig()
  const answers = Promise.all([1, 2, 3, 4].map((n) => double(n)))
  expect(calls.map(({ questions }) => questions)).toEqual([[1]])
  calls[0]!.end()
  await new Promise(setImmediate)
  expect(calls.map(({ questions }) => questions)).toEqual([[1], [2, 3, 4]])
  calls[1]!.end()
  expect(await answers).toEqual([2, 4, 6, 8])
})

it('refuses those for whom there is no room, but not who is known', async () => {
  const { calls, double } = rig({ maxWaiting: 2 })
  const taken = Promise.all([1, 2, 3].map((n) => double(n)))
  await expect(double(4)).rejects.toThrow('too many')
  const known = double(5, { isKnown: true })
  calls[0]!.end()
  await new Promise(setImmediate)
  calls[1]!.end()
  expect([await taken, await known]).toEqual([[2, 4, 6], 10])
})

it('a call that never returns holds its own questions up, and no others beyond their time; they are not asked', async () => {
  const { calls, double } = rig({ limitMs: 10 })
  await expect(double(1)).rejects.toThrow('no answer within 10 ms')
  await expect(double(2)).rejects.toThrow('no answer within 10 ms')
  calls[0]!.end()
  await new Promise(setImmediate)
  expect(calls).toHaveLength(1)
})

it('a call that fails fails for all who asked with it, and for nobody else', async () => {
  const { calls, double } = rig({ maxBatch: 2 })
  const answers = Promise.allSettled([1, 2, 3, 4].map((n) => double(n)))
  for (const fault of [undefined, new Error('away'), undefined]) {
    calls.at(-1)!.end(fault)
    await new Promise(setImmediate)
  }
  const ends = (await answers).map((end) => (end.status === 'fulfilled' ? end.value : String(end.reason)))
  expect(ends).toEqual([2, 'Error: away', 'Error: away', 8])
})
