import type { Dispatcher } from 'undici'
import type { Answer } from './call.ts'

const BEGINNING_BYTES = 1024
const MOST_KEPT_BYTES = 1024 * 1024
/** A problem's code is read from all of it. */
const MOST_PROBLEM_BYTES = 64 * 1024
/** Of an answer that is shown later, what is about the answer and not about its way. */
const KEPT_HEADERS = ['content-type', 'content-language', 'location', 'etag', 'last-modified', 'link']

/** The first KiB, and a problem's code. A body that breaks off is what came of it: the status decides. */
export async function readBeginning({
  body,
  headers,
}: Dispatcher.ResponseData): Promise<Pick<Answer, 'body' | 'problem'>> {
  const most = isProblem(headers) ? MOST_PROBLEM_BYTES : BEGINNING_BYTES
  const { bytes } = await take(body, most, { broken: () => {} })
  return { ...toText(bytes), ...codeOf(headers, bytes) }
}

/** All of it; beyond 1 MiB without its body. Rejects where it breaks off: then the answer is not known. */
export async function readWhole({
  body,
  headers,
  statusCode: status,
}: Dispatcher.ResponseData): Promise<Pick<Answer, 'body' | 'problem' | 'whole'>> {
  const fail = (fault: unknown) => {
    throw fault
  }
  const { bytes, complete } = await take(body, MOST_KEPT_BYTES, { broken: fail })
  const kept = KEPT_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
  const whole = { status, headers: Object.fromEntries(kept), body: complete ? bytes : undefined }
  return { ...toText(bytes), ...codeOf(headers, bytes), whole }
}

type Headers = Dispatcher.ResponseData['headers']

const isProblem = (headers: Headers) => String(headers['content-type']).startsWith('application/problem+json')

function codeOf(headers: Headers, bytes: Uint8Array): Pick<Answer, 'problem'> {
  if (!isProblem(headers)) return {}
  try {
    const { error } = Object(JSON.parse(Buffer.from(bytes).toString())) as { error?: unknown }
    return typeof error === 'string' ? { problem: error } : {}
  } catch {
    return {}
  }
}

async function take(
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
function toText(bytes: Uint8Array): Pick<Answer, 'body'> {
  const text = new TextDecoder()
    .decode(bytes.subarray(0, BEGINNING_BYTES), { stream: true })
    .replaceAll('\0', '\u{fffd}')
  return text === '' ? {} : { body: text }
}
