import type { ListedEvent, ListedEvents } from '../../src/data/queue/events.ts'
import { untilTrue } from '../support/until.ts'
import { callAdmin } from './callers.ts'
import type { Context } from './context.ts'

/** All events of a type, newest first, by the pages of the admin port. */
export async function eventsOf(context: Context, type: string): Promise<readonly ListedEvent[]> {
  const events: ListedEvent[] = []
  let before: string | undefined
  do {
    const cursor = before ? `&before=${encodeURIComponent(before)}` : ''
    const page = await callAdmin<ListedEvents>(context, `/v1/events?type=${type}&limit=500${cursor}`)
    events.push(...page.events)
    before = page.next
  } while (before)
  return events
}

/** Waits until the events of all these orders are delivered; throws where one is missing, twice there, or dead. */
export async function untilDelivered(context: Context, orders: readonly string[], limitMs = 240_000) {
  const wanted = new Set(orders)
  let open = -1
  let mine: readonly ListedEvent[] = []
  const look = async () => {
    mine = (await eventsOf(context, 'order.placed')).filter(({ subject }) => subject && wanted.has(subject))
    const dead = mine.filter(({ deliveries }) => deliveries.some(({ state }) => state === 'dead'))
    if (dead.length > 0) throw new Error(`${dead.length} dead letters: ${JSON.stringify(dead[0])}`)
    open = wanted.size - mine.filter(isDone).length
    return open <= 0
  }
  await untilTrue(look, { limitMs, what: 'delivery' }).catch((error: Error) => {
    throw new Error(`${error.message}; ${open} of ${wanted.size} orders have no delivered event`)
  })
  if (mine.length !== wanted.size) throw new Error(`${wanted.size} orders, ${mine.length} events`)
  return mine
}

const isDone = ({ deliveries }: ListedEvent) =>
  deliveries.length > 0 && deliveries.every(({ state }) => state === 'done')
