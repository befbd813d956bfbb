import type { Dispatcher } from 'undici'
import type { CallOutcome } from './call-function.ts'

const EXCERPT_BYTES = 1024
const MAX_STORED_BYTES = 1024 * 1024
/** A problem's code is read from all of it. */
const MAX_PROBLEM_BYTES = 64 * 1024
/** Of an answer that is shown later, what is about the answer and not about its way. */
const STORED_HEADERS = ['content-type', 'content-language', 'location', 'etag', 'last-modified', 'link']

/** The first KiB, and a problem's code. A body that breaks off is what came of it: the status decides. */
export async function readExcerpt({
  body,
  headers,
}: Dispatcher.ResponseData): Promise<Pick<CallOutcome, 'body' | 'problemCode'>> {
  const most = isProblem(headers) ? MAX_PROBLEM_BYTES : EXCERPT_BYTES
  const { bytes } = await readAtMost(body, most, { broken: () => {} })
  return { ...toExcerpt(bytes), ...readProblemCode(headers, bytes) }
}

/** All of it; beyond 1 MiB without its body. Rejects where it breaks off: then the answer is not known. */
export async function readWholeResponse({
  body,
  headers,
  statusCode: status,
}: Dispatcher.ResponseData): Promise<Pick<CallOutcome, 'body' | 'problemCode' | 'response'>> {
  const fail = (fault: unknown) => {
    throw fault
  }
  const { bytes, complete } = await readAtMost(body, MAX_STORED_BYTES, { broken: fail })
  const kept = STORED_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
  const response = { status, headers: Object.fromEntries(kept), body: complete ? bytes : undefined }
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

async function readAtMost(
  body: AsyncIterable<Uint8Array>,
  most: number,
  { broken }: { readonly broken: (fault: unknown) => void },
) {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > most) break
    }
  } catch (fault) {
    broken(fault)
  }
  return { bytes: Buffer.concat(chunks).subarray(0, most), complete: bytes <= most }
}

/** As a stream, so that a character which the limit cuts in two is left out; Postgres cannot store U+0000. */
function toExcerpt(bytes: Uint8Array): Pick<CallOutcome, 'body'> {
  const text = new TextDecoder().decode(bytes.subarray(0, EXCERPT_BYTES), { stream: true }).replaceAll('\0', '\u{fffd}')
  return text === '' ? {} : { body: text }
}
