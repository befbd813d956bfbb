import { beforeEach, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { MAX_HOPS } from './delivery-queue.ts'
import { attemptsOf, countStates, emit, emptyOutbox, query } from './test-outbox.ts'
import { startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

/** A subscriber that emits, for each event, the same again: what a function of Ebb's does with the hops that it hears of. */
const again = subscription('make-again', { on: 'loop.made', emits: ['loop.made'] })

it('a version after the first is part of the type that is sent, and who subscribes gets each version', async () => {
  const { received, template } = await startSubscriber()
  await startTestRelay(url, template, { subscriptions: [subscription('send-welcome')] })
  for (const version of [1, 2]) await emit(url, { version })
  await until('both are done', async () => (await countStates(url)).done === 2)
  expect(received.map(({ headers }) => headers['ce-type']).sort()).toEqual(['user.created', 'user.created.v2'])
})

describe('events that lead back to themselves', () => {
  it('end after so many hops, in the dead letters', async () => {
    const { received, template } = await startSubscriber((response, _, { headers }) => {
      void emit(url, { type: 'loop.made', hops: Number(headers['ce-ebbhops']) + 1 }).then(() =>
        response.writeHead(204).end(),
      )
    })
    const { log } = await startTestRelay(url, template, { subscriptions: [again] })
    expect(log.linesOf('event cycle: loop.made -> make-again -> loop.made; a handler must break it')).toHaveLength(1)
    await emit(url, { type: 'loop.made' })
    await until('one is dead', async () => (await countStates(url)).dead === 1)
    expect(await countStates(url)).toEqual({ done: MAX_HOPS + 1, dead: 1 })
    expect(received.map(({ headers }) => headers['ce-ebbhops'])).toEqual(
      Array.from({ length: MAX_HOPS + 1 }, (_, hops) => String(hops)),
    )
    const [dead] = await query<{ event_id: string }>(url, "select event_id from ebb.delivery where state = 'dead'")
    const error = `${MAX_HOPS + 1} events led to this one, and at most ${MAX_HOPS} may; end the chain, and redrive what is to go on`
    expect(await attemptsOf(url, dead?.event_id ?? '')).toMatchObject([{ number: 1, status: null, error }])
  })

  it('are not logged where there are none', async () => {
    const { template } = await startSubscriber()
    const { log } = await startTestRelay(url, template, {
      subscriptions: [subscription('make-once', { emits: ['x.y'] })],
    })
    expect(log.lines().filter(({ msg }) => msg.startsWith('events may'))).toEqual([])
  })
})
