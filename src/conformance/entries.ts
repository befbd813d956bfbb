import { equal } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ListedEvent, ListedEvents } from '../data/queue/events.ts'
import { assertStatus } from './assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from './client.ts'
import type { Caller, Session } from './session.ts'

export interface Entry {
  readonly id: string
  readonly batch: string
  readonly quantity: number
}

/** An Idempotency-Key that has never been used. */
export const newKey = (): string => `conformance-${randomUUID()}`

/** The name of a batch that nothing was written into. */
export const newBatch = (prefix: 'CONFORMANCE' | 'NONE' | 'FULL' = 'CONFORMANCE'): string =>
  `${prefix}-${randomUUID().toUpperCase()}`

/** What holds a batch for no time at all. */
export const holdOf = (batch: string) => ({ batch, price: { amount: 250, currency: 'EUR' } })

export const ENTRIES = '/v1/conformance/entries'
export const BATCHES = '/v1/conformance/batches'

interface EntryOptions extends Pick<ConformanceRequest, 'headers' | 'signal'> {
  readonly key?: string
  readonly quantity?: number
}

export const entryOf = (batch: string, quantity = 1) => ({ batch, quantity, email: 'conformance@example.com' })

/** Writes an entry into a batch; default: of quantity 1, under a fresh Idempotency-Key. */
export function writeEntry({ send }: Caller, batch: string, options: EntryOptions = {}): Promise<ConformanceResponse> {
  const { key = newKey(), quantity, headers, signal } = options
  return send({
    ...{ method: 'POST', path: ENTRIES, json: entryOf(batch, quantity) },
    headers: { 'idempotency-key': key, ...headers },
    ...(signal ? { signal } : {}),
  })
}

/** Expects so many entries in a batch, each of which emitted one event, where the admin port is there to count them. */
export async function assertEntries(session: Session, batch: string, count: number): Promise<void> {
  if (!session.target.admin) return
  const written = await eventsAbout(session, 'conformance.written', batch)
  equal(written.length, count, `${written.length} entries were written instead of ${count}`)
}

/** All events of a type about a batch. */
export async function eventsAbout({ admin }: Session, type: string, batch: string): Promise<readonly ListedEvent[]> {
  const found: ListedEvent[] = []
  let before: string | undefined
  do {
    const cursor = before ? `&before=${encodeURIComponent(before)}` : ''
    const answer = await admin({ path: `/v1/events?type=${type}&limit=500${cursor}` })
    assertStatus(answer, 200)
    const { events, next } = answer.json<ListedEvents>()
    found.push(...events.filter(({ subject }) => subject?.startsWith(`${batch}/`)))
    before = next
  } while (before)
  return found
}

const HOLD_SECONDS = 55

/** Makes all entries of a batch wait, as a slow database would, until the function that it returns is called. */
export async function holdBatch({ send, until }: Session, caller: Caller, batch: string): Promise<() => Promise<void>> {
  const over = new AbortController()
  const hold = (seconds: number) =>
    caller.send({
      ...{ method: 'POST', path: BATCHES, json: { ...holdOf(batch), seconds }, signal: over.signal },
      headers: { 'idempotency-key': newKey() },
    })
  let outcome: string | undefined
  const ended = hold(HOLD_SECONDS).then(
    ({ status, text }) => (outcome = `${status} ${text.slice(0, 300)}`),
    (error: Error) => (outcome = error.message),
  )
  const isHeld = async () => {
    if (outcome) throw new Error(`${batch} is not held any more: ${outcome}`)
    return (await send({ path: `${BATCHES}/${batch}` })).json<{ held: boolean }>().held
  }
  // Who holds it lets go for who asks next. A platform may not tell that a caller hung up.
  const release = async () => {
    await hold(0).finally(() => over.abort())
    await ended
  }
  await until(isHeld, `a hold of ${batch}`).catch(async (error: unknown) => {
    over.abort()
    await ended
    throw error
  })
  return release
}
