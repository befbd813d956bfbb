import type { Problem } from '../../contract/index.ts'
import type { Log } from '../../kernel/index.ts'
import { CLOUD_EVENT_BATCH_TYPE, CLOUD_EVENT_TYPE, type EventFailure, readBatchResponse } from '../../protocol/index.ts'
import type { BroughtEvent, BroughtEvents } from './read-events.ts'

/** What a subscriber is, to whatever brings it events. */
export interface EventOptions {
  /** With `batch`, how many events its handler gets at once. */
  readonly batchSize: number | undefined
  /** Makes the `Ebb-Identity` by which the function believes this process, which stands in the relay's place here. */
  readonly vouch: (tenant: string | undefined) => string
  readonly log: Pick<Log, 'warn'>
}

/** Sends a request to the function; resolves to its status and its text, or rejects where the time is over. */
export type PostEvents = (headers: Readonly<Record<string, string>>, body: string) => Promise<Answer>

interface Answer {
  readonly status: number
  readonly text: string
}

interface Failed {
  readonly event: BroughtEvent
  readonly status?: number
  /** One sentence. */
  readonly message: string
}

/**
 * Hands events to the function, one at a time, or as a batch where its contract has one: of one tenant, of each group of a FIFO queue
 * the first one that is left, and what has failed before alone, so that none dies of another one's fault. Resolves to those that have
 * failed; those that come after them in their group are among them.
 */
export async function takeEvents(
  { events }: BroughtEvents,
  { batchSize, vouch, log }: EventOptions,
  post: PostEvents,
): Promise<readonly Failed[]> {
  const failed: Failed[] = []
  let left = events
  while (left.length > 0) {
    const now = left.filter((event, i) => !left.slice(0, i).some((other) => isSameGroup(event, other)))
    const [unreadable, readable] = [now.filter(({ json }) => !json), now.filter(({ json }) => json)]
    const failedNow: Failed[] = unreadable.map((event) => ({ event, message: event.refusal ?? '' }))
    for (const together of batchSize ? groupForBatches(readable, batchSize) : readable.map((event) => [event]))
      failedNow.push(...(await send(together, { vouch, post })))
    for (const { event, ...why } of failedNow) log.warn({ event: event.id, ...why }, 'an event was not taken')
    const isBlocked = (event: BroughtEvent) => failedNow.some((one) => isSameGroup(one.event, event))
    const later = left.filter((event) => !now.includes(event))
    failed.push(...failedNow, ...later.filter(isBlocked).map((event) => ({ event, message: BLOCKED })))
    left = later.filter((event) => !isBlocked(event))
  }
  return failed
}

const BLOCKED = 'an event before it in its group has failed'

const isSameGroup = (a: BroughtEvent, b: BroughtEvent) => a.group !== undefined && a.group === b.group

/** The batches that these events make: new ones by their tenants, and each that has failed before alone. */
function groupForBatches(events: readonly BroughtEvent[], size: number): readonly (readonly BroughtEvent[])[] {
  const fresh = events.filter(({ attempt }) => attempt <= 1)
  const batches = [...Map.groupBy(fresh, ({ tenant }) => tenant).values()].flatMap((ofTenant) =>
    Array.from({ length: Math.ceil(ofTenant.length / size) }, (_, i) => ofTenant.slice(i * size, (i + 1) * size)),
  )
  return [...batches, ...events.filter(({ attempt }) => attempt > 1).map((event) => [event])]
}

async function send(
  events: readonly BroughtEvent[],
  { vouch, post }: Pick<EventOptions, 'vouch'> & { readonly post: PostEvents },
): Promise<readonly Failed[]> {
  const [first] = events
  if (!first) return []
  const isAlone = events.length === 1
  const headers = {
    'content-type': isAlone ? CLOUD_EVENT_TYPE : CLOUD_EVENT_BATCH_TYPE,
    'ebb-identity': vouch(first.tenant),
    ...(first.correlationId === undefined ? {} : { 'x-correlation-id': first.correlationId }),
  }
  const body = isAlone ? (first.json ?? '') : `[${events.map(({ json }) => json).join()}]`
  try {
    const failures = failuresOf(await post(headers, body), events.length)
    return failures.flatMap(({ index, status, message }) => {
      const event = events[index]
      return event ? [{ event, status, message }] : []
    })
  } catch (error) {
    return events.map((event) => ({ event, message: (error as Error).message }))
  }
}

type Failure = Pick<EventFailure, 'index' | 'status' | 'message'>

/** Which of the events the function has not taken, by what it said. */
function failuresOf({ status, text }: Answer, count: number): readonly Failure[] {
  if (status === 200 && count > 1) return readBatchResponse(text)
  if (status >= 200 && status <= 299) return []
  const message = sentenceIn(text) ?? `the function answered ${status}`
  return Array.from({ length: count }, (_, index) => ({ index, status, message }))
}

/** What a problem says, with what is wrong where; undefined for any other text. */
function sentenceIn(text: string): string | undefined {
  try {
    const { message, details = [] } = JSON.parse(text) as Partial<Pick<Problem, 'message' | 'details'>>
    return [message, ...details.map(({ path, message }) => `${path}: ${message}`)].join(' ')
  } catch {
    return undefined
  }
}
