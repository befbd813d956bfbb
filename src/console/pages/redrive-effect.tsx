import type { ComponentChildren } from 'preact'
import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { plural, shortId } from '../parts/format.ts'

type Redriven = ReplyOf<'events.redrive'>['deliveries'][number]

/** Which dead letters are meant. */
export interface DeadLetterFilter {
  readonly id?: string
  readonly consumer?: string
}

const OUTCOMES: Readonly<Record<Redriven['outcome'], string>> = {
  first: 'goes first, alone',
  redriven: 'is sent again',
  follows: 'follows when the first one is done',
  misfit: 'stays dead',
}
const MAX_SHOWN = 20

/** A dry run of a redrive, as sentences. */
export async function redriveEffect(filter: DeadLetterFilter, signal: AbortSignal): Promise<ComponentChildren> {
  const { deliveries, more } = await call('events.redrive', { body: { ...filter, dryRun: true } }, { signal })
  if (deliveries.length === 0) return <p>Nothing is dead here any more: nothing would be sent.</p>
  return (
    <>
      <p>{plural(deliveries.length, 'delivery', 'deliveries')} would be taken up, with all attempts anew:</p>
      <ul>
        {deliveries.slice(0, MAX_SHOWN).map(({ eventId, consumer, type, outcome, faults }) => (
          <li key={eventId + consumer}>
            {type} <code>{shortId(eventId)}</code> to {consumer} {OUTCOMES[outcome]}
            {faults.map(({ path, message }) => (
              <span key={path} class="sub bad-text">
                {path}: {message}
              </span>
            ))}
          </li>
        ))}
      </ul>
      {more || deliveries.length > MAX_SHOWN ? <p>… and more.</p> : null}
    </>
  )
}
