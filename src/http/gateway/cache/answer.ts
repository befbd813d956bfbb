import { randomUUID } from 'node:crypto'
import { type Fields, fieldOf } from './fields.ts'
import { ageOf } from './freshness.ts'
import { formatContentRange, parseRange, writeMultipart } from './ranges.ts'
import type { CachedResponse } from './store.ts'
import { ifRangeHolds, isNotModified } from './validators.ts'

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

interface Question {
  /** GET or HEAD. */
  readonly method: string
  readonly headers: Fields
}

const EMPTY = new Uint8Array()

/**
 * Answers a request by a stored response: whole, 304 where the client has it (RFC 9111, 4.3.2), or the ranges that it asks for
 * (RFC 9110, 14.2). The body of a HEAD is the GET's; whoever sends it leaves it out.
 */
export function answerFrom(stored: CachedResponse, { method, headers: asked }: Question, now: number): Answer {
  const age = String(Math.floor(ageOf(stored, now)))
  if (isNotModified(asked, stored))
    return { status: 304, headers: { ...onlyRequired(stored.headers), age }, body: EMPTY }
  const headers: Record<string, string> = { ...stored.headers, age }
  const whole = { status: stored.status, headers, body: stored.body }
  if (asked.range === undefined || method !== 'GET' || stored.status !== 200) return whole
  return answerRange(stored, asked, whole)
}

/** What a 304, and a range that If-Range has asked for, repeat of the response (RFC 9110, 15.4.5 and 15.3.7). */
export function onlyRequired(headers: Fields): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of REQUIRED) {
    const value = fieldOf(headers, name)
    if (value !== undefined) kept[name] = value
  }
  // The one validator that the client has, where there is no entity tag.
  const modified = kept.etag === undefined ? fieldOf(headers, 'last-modified') : undefined
  if (modified !== undefined) kept['last-modified'] = modified
  return kept
}

const REQUIRED = [
  ...['cache-control', 'cdn-cache-control', 'content-location', 'date', 'etag', 'expires', 'vary', 'cache-status'],
] as const

function answerRange(stored: CachedResponse, asked: Fields, whole: Answer): Answer {
  const { body } = stored
  const text = typeof asked.range === 'string' ? asked.range : asked.range?.length === 1 ? asked.range[0] : undefined
  const ranges = text !== undefined && ifRangeHolds(asked, stored) ? parseRange(text, body.length) : undefined
  if (!ranges) return whole
  const [first] = ranges
  if (!first) {
    const { date, age } = whole.headers
    const headers = { ...(date === undefined ? {} : { date }), ...(age === undefined ? {} : { age }) }
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${body.length}` }, body: EMPTY }
  }
  const { age = '0', 'content-type': type } = whole.headers
  const headers = asked['if-range'] === undefined ? whole.headers : { ...onlyRequired(stored.headers), age }
  if (ranges.length === 1) {
    const partial = { ...headers, 'content-range': formatContentRange(first, body.length) }
    return { status: 206, headers: partial, body: body.subarray(first.first, first.last + 1) }
  }
  const boundary = randomUUID()
  const multipart = { ...headers, 'content-type': `multipart/byteranges; boundary=${boundary}` }
  return { status: 206, headers: multipart, body: writeMultipart(body, ranges, { boundary, type }) }
}
