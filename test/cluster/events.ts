import type { ListedEvent, ListedEvents } from '../../src/data/queue/events.ts'
import { untilTrue } from '../support/until.ts'
import { callAdmin } from './callers.ts'
import type { Context } from './context.ts'

/** All events of a type, newest first, by the pages of the admin port. */
async function eventsOf(context: Context, type: string): Promise<readonly ListedEvent[]> {
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

/** Waits until the events of all these entries are delivered; throws where one is missing, twice there, or dead. */
export async function untilDelivered(context: Context, entries: readonly string[], limitMs = 240_000) {
  const count = entries.length
  let open = -1
  let mine: readonly ListedEvent[] = []
  const look = async () => {
    mine = await eventsAbout(context, 'conformance.written', entries)
    const dead = mine.filter(({ deliveries }) => deliveries.some(({ state }) => state === 'dead'))
    if (dead.length > 0) throw new Error(`${dead.length} dead letters: ${JSON.stringify(dead[0])}`)
    open = count - mine.filter(isDone).length
    return open <= 0
  }
  await untilTrue(look, { limitMs, what: 'delivery' }).catch((error: Error) => {
    throw new Error(`${error.message}; ${open} of ${count} entries have no delivered event`)
  })
  if (mine.length !== count) throw new Error(`${count} entries, ${mine.length} events`)
  return mine
}

/** The events of a type about entries, by the ids of these. */
export async function eventsAbout(context: Context, type: string, entries: readonly string[]) {
  // An event says by its subject which entry of which batch it is about; the id of an entry ends with whose it is.
  const wanted = new Set(entries.map((id) => id.split('.')[0] ?? id))
  return (await eventsOf(context, type)).filter(({ subject }) => wanted.has(subject?.split('/')[1] ?? ''))
}

const isDone = ({ deliveries }: ListedEvent) =>
  deliveries.length > 0 && deliveries.every(({ state }) => state === 'done')
