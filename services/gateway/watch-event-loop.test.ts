import { it } from '@jest/globals'
import { untilTrue } from '../../test/support/until.ts'
import { watchEventLoop } from './watch-event-loop.ts'

it('measures how late a busy process is, and that it is so no more', async () => {
  const { lagMs, close } = watchEventLoop()
  const busy = setInterval(() => {
    const until = performance.now() + 300
    while (performance.now() < until) {}
  }, 0)
  await untilTrue(() => lagMs() > 100)
  clearInterval(busy)
  await untilTrue(() => lagMs() < 100)
  close()
})
