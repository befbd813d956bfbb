import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import { Ask } from '../parts/ask.tsx'
import { Field } from '../parts/field.tsx'
import { plural } from '../parts/format.ts'
import type { DeadLetterFilter } from './redrive-effect.tsx'

interface DropDeadLettersProps {
  readonly filter: DeadLetterFilter
  readonly what: string
  readonly onDone: () => Promise<void>
}

/** Gives dead letters up for good, with a reason for the audit. */
export function DropDeadLetters({ filter, what, onDone }: DropDeadLettersProps) {
  const [reason, setReason] = useState('')
  return (
    <Ask
      isSmall
      isDangerous
      label="Drop"
      title={`Give up ${what}?`}
      fields={<Field label="Reason" value={reason} onValue={setReason} hint="It stands in the audit." isRequired />}
      isReady={reason.trim() !== ''}
      effect={async (signal) => {
        const { deliveries, more } = await call(
          'events.drop',
          { body: { ...filter, dryRun: true, reason: 'dry run' } },
          { signal },
        )
        return (
          <p>
            {plural(deliveries.length, 'delivery', 'deliveries')}
            {more ? ' and more' : ''} would never be made. The events stay, and so does the history of what was tried.
          </p>
        )
      }}
      run={async () => {
        const { deliveries } = await call('events.drop', { body: { ...filter, reason: reason.trim() } })
        await onDone()
        return `${plural(deliveries.length, 'dead letter')} dropped.`
      }}
    />
  )
}
