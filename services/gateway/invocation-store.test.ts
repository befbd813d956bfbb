import { expect, it } from '@jest/globals'
import { createBulkhead } from './invocation-store.ts'

const never = new AbortController().signal

it('runs so many at a time, the others in order, and refuses what exceeds the queue', async () => {
  const pass = createBulkhead({ maxRunning: 1, maxWaiting: 1, overflow: () => new Error('too many') })
  const first = Promise.withResolvers<string>()
  const ran: string[] = []
  const one = pass(never, () => first.promise)
  const two = pass(never, async () => ran.push('two'))
  await expect(pass(never, async () => ran.push('three'))).rejects.toThrow('too many')
  expect(ran).toEqual([])
  first.reject(new Error('broken'))
  await expect(one).rejects.toThrow('broken')
  await two
  await pass(never, async () => ran.push('four'))
  expect(ran).toEqual(['two', 'four'])
})

it('one whose signal aborts while it waits never runs, and leaves the queue', async () => {
  const pass = createBulkhead({ maxRunning: 1, maxWaiting: 1, overflow: () => new Error('too many') })
  const first = Promise.withResolvers<void>()
  const one = pass(never, () => first.promise)
  const late = new AbortController()
  const ran: string[] = []
  const two = pass(late.signal, async () => ran.push('two'))
  late.abort(new Error('late'))
  await expect(two).rejects.toThrow('late')
  const three = pass(never, async () => ran.push('three'))
  first.resolve()
  await Promise.all([one, three])
  expect(ran).toEqual(['three'])
})
