import { expect, it } from '@jest/globals'
import { createByteBudget } from './byte-budget.ts'

const never = new AbortController().signal

/** Asks in turn, and notes who was admitted. */
function start() {
  const budget = createByteBudget({ totalBytes: 100, eachBytes: 40 })
  const admitted: string[] = []
  const ask = async (name: string, bytes: number, signal = never) => {
    const release = await budget.take(name, bytes, signal)
    admitted.push(`${name} ${bytes}`)
    return release
  }
  return { admitted, ask }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('admits in the order of asking, as long as there is room', async () => {
  const { admitted, ask } = start()
  const first = ask('one', 60)
  void ask('two', 50)
  void ask('three', 10)
  await turn()
  expect(admitted).toEqual(['one 60'])
  ;(await first)()
  await turn()
  expect(admitted).toEqual(['one 60', 'two 50', 'three 10'])
})

it('leaves room for others, however much one function asks for', async () => {
  const { admitted, ask } = start()
  const first = ask('slow', 30)
  void ask('slow', 30)
  void ask('slow', 10)
  void ask('quick', 30)
  await turn()
  expect(admitted).toEqual(['slow 30', 'slow 10', 'quick 30'])
  ;(await first)()
  await turn()
  expect(admitted.at(-1)).toBe('slow 30')
})

it('admits what is larger than all of it alone', async () => {
  const { admitted, ask } = start()
  const release = await ask('huge', 500)
  void ask('small', 1)
  await turn()
  expect(admitted).toEqual(['huge 500'])
  release()
  await turn()
  expect(admitted).toEqual(['huge 500', 'small 1'])
})

it('whoever gives up holds nobody up', async () => {
  const { admitted, ask } = start()
  await ask('one', 60)
  const impatient = new AbortController()
  const gaveUp = ask('two', 50, impatient.signal)
  void ask('three', 10)
  impatient.abort(new Error('too late'))
  await expect(gaveUp).rejects.toThrow('too late')
  await turn()
  expect(admitted).toEqual(['one 60', 'three 10'])
  await expect(ask('four', 1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
})
