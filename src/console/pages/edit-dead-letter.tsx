import { useState } from 'preact/hooks'
import { send } from '../api/call.ts'
import { Ask } from '../parts/ask.tsx'
import { Field } from '../parts/field.tsx'

interface EditDeadLetterProps {
  readonly eventId: string
  readonly consumer: string
  readonly data: unknown
  readonly onDone: () => Promise<void>
}

/** Replaces what one subscriber gets of a dead letter; its schema judges it before anything is written. */
export function EditDeadLetter({ eventId, consumer, data, onDone }: EditDeadLetterProps) {
  const [text, setText] = useState(() => JSON.stringify(data, undefined, 2))
  const path = `/v1/events/${eventId}/deliveries/${encodeURIComponent(consumer)}/data`
  const put = (body: object, signal?: AbortSignal) => send('PUT', path, { body, ...(signal ? { signal } : {}) })
  return (
    <Ask
      isSmall
      label="Edit"
      title={`Change what ${consumer} gets?`}
      effectKey={text}
      fields={<Field label="Data" value={text} onValue={setText} lines={12} />}
      effect={async (signal) => {
        const edited: unknown = JSON.parse(text)
        await put({ data: edited, dryRun: true }, signal)
        return (
          <p>
            {consumer} would take it. The event stays as it was emitted, other subscribers too; it stays dead until it
            is redriven.
          </p>
        )
      }}
      run={async () => {
        await put({ data: JSON.parse(text) })
        await onDone()
        return `${consumer} gets the edited data at the next redrive.`
      }}
    />
  )
}
