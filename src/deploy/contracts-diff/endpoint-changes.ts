import type { Route } from '../../contract/index.ts'
import type { EndpointData } from '../contracts-data.ts'
import { accessChanges } from './access-changes.ts'
import { breaks, type Change, note } from './finding.ts'
import { inputChanges, shapeOf } from './input-changes.ts'
import { misfits } from './misfits.ts'
import { nodeOf } from './node.ts'
import { sentences, toReaders } from './say.ts'

/** What a changed endpoint means to its callers. */
export function endpointChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  return [
    ...addressChanges(before, after),
    ...accessChanges(before.route, after.route),
    ...repetitionChanges(before.route, after.route),
    ...inputChanges(before, after),
    ...replyChanges(before, after),
    ...failureChanges(before, after),
    ...limitNotes(before.route, after.route),
  ]
}

function addressChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [old, now] = [before.route, after.route]
  return [
    ...(old.method === now.method ? [] : [breaks('callers', `the method is ${now.method} now, and was ${old.method}`)]),
    ...(shapeOf(before) === shapeOf(after)
      ? []
      : [breaks('callers', `the path is ${now.path} now, and was ${old.path}`)]),
    ...(old.name === now.name ? [] : [note(`was called ${old.name}, and typed clients must follow`)]),
  ]
}

/** Clients repeat what they were told is safe to repeat. */
function repetitionChanges(before: Route, after: Route): readonly Change[] {
  const changes: Change[] = []
  if (!before.idempotent && after.idempotent) changes.push(breaks('callers', 'an Idempotency-Key is required now'))
  if (before.idempotent && !after.idempotent && !after.readOnly)
    changes.push(breaks('callers', 'a repeated Idempotency-Key has a second effect now'))
  if (before.async && !after.async) changes.push(breaks('callers', 'it is not called asynchronously any more'))
  if (before.readOnly && !after.readOnly && !after.idempotent && before.method === after.method)
    changes.push(breaks('callers', 'it does not only read any more, and callers may repeat it'))
  return changes
}

function replyChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const { status, location, data } = before
  const changes: Change[] = []
  if (status !== after.status) changes.push(breaks('readers', `the status is ${after.status} now, and was ${status}`))
  if (location && !after.location) changes.push(breaks('readers', 'the header Location is gone'))
  if (data && !after.data) changes.push(breaks('readers', 'data is gone'))
  if (!data || !after.data) return changes
  const found = misfits([nodeOf(after.data)], [nodeOf(data)], { path: 'data', reader: true })
  return [...changes, ...sentences(found, toReaders, 'readers')]
}

/** A new code is a new refusal of what went well before, and widens what an exhaustive switch must know. */
function failureChanges({ failures }: EndpointData, after: EndpointData): readonly Change[] {
  return Object.entries(after.failures).flatMap(([code, status]) => {
    const before = failures[code]
    if (before === undefined) return [breaks('callers', `it may fail with ${code} (${status}) now`)]
    return before === status ? [] : [breaks('callers', `${code} has the status ${status} now, and had ${before}`)]
  })
}

function limitNotes(before: Route, after: Route): readonly Change[] {
  const notes: Change[] = []
  const { limit } = after
  if (limit && isTighter(before.limit, limit)) {
    const { requests, perSeconds, burst } = limit
    notes.push(note(`the limit is tighter now: ${requests} requests in ${perSeconds} s, ${burst} at once`))
  }
  if (after.timeoutMs < before.timeoutMs) {
    notes.push(note(`it has ${after.timeoutMs} ms to answer now, and had ${before.timeoutMs}`))
  }
  return notes
}

type Limit = NonNullable<Route['limit']>

const isTighter = (before: Limit | undefined, after: Limit) =>
  !before || after.requests / after.perSeconds < before.requests / before.perSeconds || after.burst < before.burst
