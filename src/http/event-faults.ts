import type { Fault } from '../contract/index.ts'
import { whatIsUnsafe } from './what-is-unsafe.ts'

/** What a subscriber's function takes in: twice what can be emitted, since Postgres writes JSON with blanks in between. */
export const MAX_RECEIVED_BYTES = 16 * 1024 * 1024
const MAX_DATA_BYTES = MAX_RECEIVED_BYTES / 2
/** Percent-encoded in `ce-subject` it may be nine times as long, and shares 16 KiB with all other headers. */
const MAX_SUBJECT_LENGTH = 1_000

/**
 * What every subscriber would refuse in an event, whatever its contract says: refused where it is emitted and where it is
 * redriven, since its deliveries could only die.
 */
export function eventFaults({ data, subject }: { data: unknown; subject?: string | null | undefined }): Fault[] {
  const text = JSON.stringify(data) ?? 'null'
  const unsafe = whatIsUnsafe(text, 'data')
  const faults = unsafe ? [unsafe] : []
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_DATA_BYTES) faults.push({ path: 'data', message: `${bytes} bytes, and at most ${MAX_DATA_BYTES}` })
  const why = subject && whatIsNoSubject(subject)
  if (why) faults.push({ path: 'subject', message: why })
  return faults
}

function whatIsNoSubject(subject: string): string | undefined {
  if (subject.length > MAX_SUBJECT_LENGTH) return `More than ${MAX_SUBJECT_LENGTH} characters`
  return whatIsUnsafe(JSON.stringify(subject), 'subject')?.message
}
