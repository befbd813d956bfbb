import type { ComponentChildren } from 'preact'
import { ApiError, messageOf } from '../api/api-error.ts'
import type { Data } from '../api/use-data.ts'

interface LoadedProps<Value> {
  readonly data: Data<Value>
  readonly children: (value: Value) => ComponentChildren
  /** How many rows it takes up while it loads, so that nothing moves when it is there. */
  readonly rows?: number
}

/** What was read: until it is there its place, and where it cannot be read why. */
export function Loaded<Value>({ data: { value, error, reload }, children, rows = 6 }: LoadedProps<Value>) {
  if (value !== undefined)
    return (
      <>
        {error ? <p class="note warn">{messageOf(error)} What you see is older.</p> : null}
        {children(value)}
      </>
    )
  if (error instanceof ApiError && error.isAbsent)
    return (
      <Empty title="Not on this Ebb">
        What answers here does not have this: it may be another version, or a part that only a laptop or a cluster has.
      </Empty>
    )
  if (error)
    return (
      <div class="note bad" role="alert">
        <p class="message">{messageOf(error)}</p>
        <button type="button" onClick={() => void reload()}>
          Try again
        </button>
      </div>
    )
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  )
}

/** That there is nothing, and what would be here. */
export const Empty = ({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) => (
  <div class="empty">
    <p class="empty-title">{title}</p>
    {children ? <p>{children}</p> : null}
  </div>
)
