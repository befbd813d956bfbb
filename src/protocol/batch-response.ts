/** One event of a batch that was not taken, as the response of a subscriber with `batch` names it. */
export interface EventFailure {
  /** Its place in the batch, from 0 on. */
  readonly index: number
  /** As if it had come alone. */
  readonly status: number
  readonly error: string
  readonly message: string
}

/** The response to a batch of which some events were not taken, as JSON with status 200; 204 where all were. */
export interface BatchResponse {
  readonly failures: readonly EventFailure[]
}

/** Reads such a response. Throws where it is none. */
export function readBatchResponse(text: string): readonly EventFailure[] {
  const { failures } = Object(JSON.parse(text)) as Partial<BatchResponse>
  if (Array.isArray(failures) && failures.every(isFailure)) return failures
  throw new Error('the response to a batch does not say which of its events have failed')
}

const isFailure = (value: unknown): boolean => {
  const { index, status } = Object(value) as Partial<EventFailure>
  return Number.isInteger(index) && Number.isInteger(status)
}
