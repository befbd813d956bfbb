import { equal, match, ok } from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type { ShownEvent } from '../../data/queue/events.ts'
import { assertStatus } from '../assertions.ts'
import { eventsAbout, newBatch, writeEntry } from '../entries.ts'
import type { Case, Session } from '../session.ts'

const SUBSCRIBER = 'conformance-note'

export const events: readonly Case[] = [
  {
    name: 'events: what a request emits reaches its subscriber, whose own event is emitted once',
    needs: ['admin'],
    needsFunctions: true,
    run: async (session) => {
      const batch = newBatch()
      assertStatus(await writeEntry(await session.caller(), batch), 201)
      const isNoted = async () => (await eventsAbout(session, 'conformance.noted', batch)).length > 0
      await session.until(isNoted, `the note of ${SUBSCRIBER}`)
      const written = await untilDelivered(session, batch)
      const noted = await eventsAbout(session, 'conformance.noted', batch)
      equal(noted.length, 1, `${noted.length} notes of one entry`)
      equal(noted[0]?.subject, written.subject)
    },
  },
  {
    name: 'events: a request emits its event once, and each who subscribes to it gets it',
    needs: ['admin'],
    needsFunctions: true,
    run: async (session) => {
      const batch = newBatch()
      assertStatus(await writeEntry(await session.caller(), batch), 201)
      const event = await untilDelivered(session, batch)
      equal(event.deliveries.map(({ consumer }) => consumer).join(), SUBSCRIBER)
    },
  },
  {
    name: 'trace: a traceparent and a correlation id go on from a request to its event and the delivery',
    needs: ['admin'],
    needsFunctions: true,
    run: async (session) => {
      const batch = newBatch()
      const traceId = randomBytes(16).toString('hex')
      const correlationId = `conformance.${randomUUID()}`
      const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-correlation-id': correlationId }
      assertStatus(await writeEntry(await session.caller(), batch, { headers }), 201)
      const event = await untilDelivered(session, batch)
      equal(event.correlationId, correlationId)
      const attempts = event.deliveries.flatMap(({ history }) => history)
      ok(attempts.length > 0, 'its delivery has no history')
      for (const { traceparent } of [event, ...attempts]) equal(traceparent.split('-')[1], traceId)
    },
  },
  {
    name: 'trace: a traceparent that is ill-formed is replaced, and no reason to refuse',
    needs: ['admin'],
    needsFunctions: true,
    run: async (session) => {
      const me = await session.caller()
      const zeros = '0'.repeat(32)
      for (const traceparent of ['nonsense', `00-${zeros}-00f067aa0ba902b7-01`, `ff-${'a'.repeat(32)}-${zeros}-01`]) {
        const batch = newBatch()
        assertStatus(await writeEntry(me, batch, { headers: { traceparent } }), 201)
        const event = await untilDelivered(session, batch)
        match(event.traceparent, /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/)
      }
    },
  },
]

/** Waits until the event of a batch's one entry is with all its subscribers; throws where there is not exactly one. */
async function untilDelivered(session: Session, batch: string): Promise<ShownEvent> {
  let ids: readonly string[] = []
  const look = async () => {
    const mine = await eventsAbout(session, 'conformance.written', batch)
    ids = mine.map(({ id }) => id)
    const deliveries = mine.flatMap((event) => event.deliveries)
    const dead = deliveries.find(({ state }) => state === 'dead')
    if (dead) throw new Error(`the event is a dead letter of ${dead.consumer}`)
    return deliveries.length > 0 && deliveries.every(({ state }) => state === 'done')
  }
  await session.until(look, 'the delivery of the event')
  equal(ids.length, 1, `${ids.length} events about one entry`)
  const shown = await session.admin({ path: `/v1/events/${ids[0]}` })
  assertStatus(shown, 200)
  return shown.json<ShownEvent>()
}
