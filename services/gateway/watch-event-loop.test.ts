import { expect, it } from '@jest/globals'
import { untilTrue } from '../../test/support/until.ts'
import { watchEventLoop } from './watch-event-loop.ts'

it('measures how late a process is with the many requests that it gets, and not with anything else', async () => {
  const { lagMs, requestCame, close } = watchEventLoop()
  const state = { requests: 0, turns: 0 }
  const busy = setInterval(() => {
    state.turns++
    for (let i = 0; i < state.requests; i++) requestCame()
    const until = performance.now() + 300
    while (performance.now() < until) {}
  }, 0)
  await untilTrue(() => state.turns > 5)
  expect(lagMs()).toBe(0)
  state.requests = 100
  await untilTrue(() => lagMs() > 100)
  clearInterval(busy)
  await untilTrue(() => lagMs() === 0)
  close()
})
