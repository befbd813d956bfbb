import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { Problem, type WebhookDoor } from '../../../contract/index.ts'
import type { GatewayContext } from '../context.ts'

type Headers = GatewayContext['headers']
type Provider = WebhookDoor['provider']

interface CheckOptions {
  readonly headers: Headers
  /** As it was sent: another one that means the same has another signature. */
  readonly body: Uint8Array
  /** The values of the secrets, of which one has to be the key. */
  readonly secrets: readonly string[]
  readonly nowMs: number
}

/** More signatures than this are no rotation, and each costs a comparison for each secret. */
const MAX_SIGNATURES = 20

/**
 * Why a webhook is not taken by its signature; undefined where it is. All of its signatures are compared with those of all
 * secrets, each in constant time. What is right, but too old or too early, was recorded by somebody, or a clock is wrong.
 */
export function checkSignature(provider: Provider, options: CheckOptions): Problem | undefined {
  const { signature, token, timestamp, id } = provider
  const { headers, body, secrets, nowMs } = options
  if (token) return checkToken(token, options)
  const given = readSignatures(signature, headers[signature.header] ?? [])
  if (given.length === 0) return forged(`No signature is in the header ${signature.header}.`)
  if (given.length > MAX_SIGNATURES) return forged(`It has more than ${MAX_SIGNATURES} signatures.`)
  const seconds = timestamp && readTimestamp(timestamp, headers[timestamp.header] ?? [])
  if (timestamp && seconds === undefined) return forged(`No time is in the header ${timestamp.header}.`)
  const values = { timestamp: seconds ?? '', id: 'header' in id ? (headerId(id.header, headers) ?? '') : '' }
  const expected = secrets.map((secret) => sign(signature, secret, contentOf(signature.content, values, body)))
  let isRight = false
  for (const one of expected)
    for (const other of given) isRight = (one.length === other.length && timingSafeEqual(one, other)) || isRight
  if (!isRight) return forged('No signature fits its body and a secret that is known here.')
  const awaySeconds = Math.abs(Math.floor(nowMs / 1_000) - Number(seconds))
  return timestamp && awaySeconds > timestamp.toleranceSeconds ? expired(timestamp.toleranceSeconds) : undefined
}

/** Compares hashes, which are all of one length. */
function checkToken({ header, prefix = '' }: NonNullable<Provider['token']>, { headers, secrets }: CheckOptions) {
  const [given, ...others] = headers[header] ?? []
  if (given === undefined || others.length > 0 || !given.startsWith(prefix))
    return forged(`No token is in the header ${header}.`)
  const hashOf = (text: string) => createHash('sha256').update(text).digest()
  const sent = hashOf(given.slice(prefix.length))
  let isRight = false
  for (const secret of secrets) isRight = timingSafeEqual(sent, hashOf(secret)) || isRight
  return isRight ? undefined : forged('Its token is not the one that is known here.')
}

const forged = (message: string) => new Problem('invalid_signature', 403, message)

const expired = (seconds: number) =>
  new Problem('signature_expired', 403, `It was signed more than ${seconds} s before or after this gateway's time.`)

/**
 * A hash of what was signed, the id left out: what is recorded and sent again has the same one, and a later webhook with the same
 * body has another one where a time is signed.
 */
export function digestOf(
  { signature, timestamp }: Provider,
  { headers, body }: Pick<CheckOptions, 'headers' | 'body'>,
) {
  const seconds = timestamp && readTimestamp(timestamp, headers[timestamp.header] ?? [])
  const hash = createHash('sha256')
  for (const piece of contentOf(signature.content, { timestamp: seconds ?? '', id: '' }, body)) hash.update(piece)
  return hash.digest()
}

/** The id of a webhook that a header has; undefined where there is none, or none that can be stored. */
export function headerId(header: string, headers: Headers): string | undefined {
  const [id, ...others] = headers[header] ?? []
  return id !== undefined && others.length === 0 && ID.test(id) ? id : undefined
}

/** Visible ASCII. */
const ID = /^[\x21-\x7e]{1,255}$/

/** What has the prefix and is so encoded; whatever else is there is a signature of another kind. */
function readSignatures({ prefix, separator, encoding }: Provider['signature'], values: readonly string[]): Buffer[] {
  // Without a separator there can be only one.
  const parts = separator ? values.flatMap((value) => value.split(separator)) : values.length === 1 ? values : []
  return parts.flatMap((part) => {
    const text = part.trim()
    if (!text.startsWith(prefix)) return []
    const encoded = text.slice(prefix.length)
    return ENCODINGS[encoding].test(encoded) ? [Buffer.from(encoded, encoding)] : []
  })
}

const ENCODINGS = { hex: /^([0-9a-f]{2})+$/i, base64: /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/ }

/** The seconds as they were written, since that is what is signed; undefined where they are missing, or there are two. */
function readTimestamp({ prefix }: { readonly prefix: string }, values: readonly string[]): string | undefined {
  const parts = prefix === '' ? values : values.flatMap((value) => value.split(','))
  const [time, ...others] = parts.map((part) => part.trim()).filter((part) => part.startsWith(prefix))
  const seconds = time?.slice(prefix.length) ?? ''
  return others.length === 0 && /^\d{1,12}$/.test(seconds) ? seconds : undefined
}

/** The pieces of what is signed. */
const contentOf = (
  template: string,
  values: { readonly timestamp: string; readonly id: string },
  body: Uint8Array,
): readonly (string | Uint8Array)[] =>
  template.split(/(\{\w+\})/).map((piece) => {
    if (piece === '{body}') return body
    if (piece === '{timestamp}') return values.timestamp
    return piece === '{id}' ? values.id : piece
  })

function sign({ algorithm, key }: Provider['signature'], secret: string, content: readonly (string | Uint8Array)[]) {
  const hmac = createHmac(algorithm, key === 'whsec' ? Buffer.from(secret.replace(/^whsec_/, ''), 'base64') : secret)
  for (const piece of content) hmac.update(piece)
  return hmac.digest()
}
