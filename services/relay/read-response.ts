import { POSITION_HEADER, readAtMost, readBatchResponse } from 'ebb/protocol'
import type { Dispatcher } from 'undici'
import type { CallOutcome } from './call-function.ts'

const EXCERPT_BYTES = 1024
const MAX_STORED_BYTES = 1024 * 1024
/** All of a problem is read for its code. */
const MAX_PROBLEM_BYTES = 64 * 1024
/** Of a response that is shown later: what describes the response, not the way that it came, and when it was written. */
const STORED_HEADERS = [
  ...['content-type', 'content-language', 'location', 'etag', 'last-modified', 'link'],
  POSITION_HEADER,
]

/** Reads the first KiB, and a problem's code. A body that breaks off counts as it is: the status decides. */
export async function readExcerpt({
  body,
  headers,
}: Dispatcher.ResponseData): Promise<Pick<CallOutcome, 'body' | 'problemCode'>> {
  const { bytes } = await readAtMost(body, isProblem(headers) ? MAX_PROBLEM_BYTES : EXCERPT_BYTES)
  return { ...toExcerpt(bytes), ...readProblemCode(headers, bytes) }
}

/** Of the response to a batch: 1,000 failures with their messages. */
const MAX_BATCH_RESPONSE_BYTES = 4 * 1024 * 1024

/** Reads which events of a batch were not taken. Rejects where it was taken and does not say so: then nothing is known of any. */
export async function readBatchExcerpt(response: Dispatcher.ResponseData) {
  if (response.statusCode !== 200) return readExcerpt(response)
  const { bytes, error } = await readAtMost(response.body, MAX_BATCH_RESPONSE_BYTES)
  if (error) throw error
  return { failures: readBatchResponse(Buffer.from(bytes).toString()) }
}

/** Reads all of it; beyond 1 MiB without its body. Rejects where it breaks off: then the response is not known. */
export async function readWholeResponse({
  body,
  headers,
  statusCode: status,
}: Dispatcher.ResponseData): Promise<Pick<CallOutcome, 'body' | 'problemCode' | 'response'>> {
  const { bytes, isWhole, error } = await readAtMost(body, MAX_STORED_BYTES)
  if (error) throw error
  const stored = STORED_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
  const response = { status, headers: Object.fromEntries(stored), body: isWhole ? bytes : undefined }
  return { ...toExcerpt(bytes), ...readProblemCode(headers, bytes), response }
}

type Headers = Dispatcher.ResponseData['headers']

const isProblem = (headers: Headers) => String(headers['content-type']).startsWith('application/problem+json')

function readProblemCode(headers: Headers, bytes: Uint8Array): Pick<CallOutcome, 'problemCode'> {
  if (!isProblem(headers)) return {}
  try {
    const { error } = Object(JSON.parse(Buffer.from(bytes).toString())) as { error?: unknown }
    return typeof error === 'string' ? { problemCode: error } : {}
  } catch {
    return {}
  }
}

/** Decoded as a stream, so that a character which the limit cuts in two is left out; Postgres cannot store U+0000. */
function toExcerpt(bytes: Uint8Array): Pick<CallOutcome, 'body'> {
  const text = new TextDecoder().decode(bytes.subarray(0, EXCERPT_BYTES), { stream: true }).replaceAll('\0', '\u{fffd}')
  return text === '' ? {} : { body: text }
}
