import { expect, it } from '@jest/globals'
import { createCodeCaches } from './code-caches.ts'

it('they are made of the newest that was started, once the machine is quiet', async () => {
  // Busy for two times as long as it has to be quiet, and idle from then on.
  const idle = [0, 10, 10, 20, 20, 90]
  let looks = 0
  const failed = Promise.withResolvers<void>()
  const tried: string[] = []
  const caches = createCodeCaches({
    contractOf: async (name) => {
      tried.push(`${name} after ${looks} looks`)
      throw new Error('There is none.')
    },
    roles: () => [],
    onFailure: (name) => name === 'get-note' && failed.resolve(),
    quietMs: 1,
    processorTime: () => ({ idleMs: idle[looks] ?? 0, totalMs: 100 * looks++ }),
  })
  caches.enqueue('create-note', 'create-note-1.cjs')
  caches.enqueue('create-note', 'create-note-2.cjs')
  looks = 0
  caches.enqueue('get-note', 'get-note-1.cjs')
  await failed.promise
  await caches.stop()
  expect(tried).toEqual(['create-note after 6 looks', 'get-note after 6 looks'])
})
