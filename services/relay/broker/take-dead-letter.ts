import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import type { ReceivedCloudEvent } from 'ebb/protocol'
import type pg from 'pg'
import { addDeadLetter } from '../../../src/data/queue/add-dead-letter.ts'
import { type Answer, TAKEN } from './bring-event.ts'

export interface TakeDeadLetterOptions {
  readonly pool: pg.Pool
  readonly log: Log
  /** Called with the subscriber of each new one. */
  readonly onAdded: (consumer: string) => void
}

/**
 * Takes an event that the broker has given up on the way to a subscriber, as Knative sends it to a dead-letter sink: with the
 * extensions knativeerrordest, knativeerrorcode and knativeerrordata. It becomes a dead letter like any other; the event itself is the
 * one that was emitted.
 */
export function createTakeDeadLetter({ pool, log, onAdded }: TakeDeadLetterOptions) {
  return async function takeDeadLetter(consumer: string, { attributes }: ReceivedCloudEvent): Promise<Answer> {
    const { id = '', type, knativeerrorcode: code = '', knativeerrordata: data } = attributes
    const status = /^[1-5]\d\d$/.test(code) ? Number(code) : undefined
    const given = { eventId: id, consumer, status, error: 'the broker gave it up', body: data && excerptOf(data) }
    const outcome = await addDeadLetter(pool, given)
    if (outcome === 'no event') {
      log.error(
        { event: id, type, function: consumer, status },
        'the broker gave up an event that is not in the outbox',
      )
      throw new Problem('invalid_request', 422, 'There is no event of this id, or its history has ended.')
    }
    if (outcome === 'added') {
      log.warn({ event: id, type, function: consumer, status }, 'the broker gave up an event: it is a dead letter')
      onAdded(consumer)
    }
    return TAKEN
  }
}

const MAX_LENGTH = 1_024
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** The response, which Knative writes as Base64 and cuts after 1,024 characters; Postgres cannot store U+0000. */
function excerptOf(data: string): string {
  const bytes = BASE64.test(data) ? Buffer.from(data, 'base64') : Buffer.from(data)
  return new TextDecoder().decode(bytes.subarray(0, MAX_LENGTH), { stream: true }).replaceAll('\0', '\u{fffd}')
}
