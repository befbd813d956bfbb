import type * as z from 'zod'
import {
  type EndpointContract,
  EVENT_STREAM,
  fieldRulesOf,
  NDJSON,
  toOutput,
  usualReply,
} from '../../contract/index.ts'
import { containsSecret, type RowLines, TO_LINES } from '../../kernel/index.ts'
import { findUnsafeText } from '../json.ts'

/** Writes one item of a stream; throws where it breaks its contract. */
export type EncodeItem = (item: unknown) => string | Uint8Array

/** How the items of a contract's streamed reply are written. */
export function encoderOf(contract: EndpointContract): EncodeItem {
  const { stream } = usualReply(contract)
  if (!stream?.item) return encodeChunk
  return stream.type === EVENT_STREAM ? eventEncoder(stream.item) : lineEncoder(stream.item)
}

/** What is sent of what a handler returned, and how. */
interface Encoded {
  readonly output: unknown
  readonly encode: EncodeItem
}

/**
 * Compiles how a contract's streamed reply is sent: item by item, or, where the handler returned rows of a database and the schema says
 * no more of an item than of its members, as lines that come checked, with no object for each.
 */
export function compileStream(contract: EndpointContract): (output: unknown) => Encoded {
  const { stream } = usualReply(contract)
  const encode = encoderOf(contract)
  const fields = stream?.type === NDJSON && stream.item ? fieldRulesOf(stream.item) : undefined
  return (output) => {
    // Whatever it is.
    const toLines = (output as Partial<RowLines<unknown>> | undefined)?.[TO_LINES]
    if (!fields || !toLines) return { output, encode }
    return { output: toLines({ fields, encode }), encode: encodeLines }
  }
}

const encodeLines: EncodeItem = (lines) => {
  const chunk = encodeChunk(lines)
  if (containsSecret(typeof chunk === 'string' ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
    throw secretInItem()
  return chunk
}

/** Bytes and texts are sent as they are. */
const encodeChunk: EncodeItem = (chunk) => {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk
  throw new Error(`the handler streamed a value of the type ${typeof chunk}, and the contract says bytes or texts`)
}

/** Each item is one line of JSON. */
function lineEncoder(schema: z.ZodType): EncodeItem {
  const encode = jsonEncoder(schema)
  return (item) => `${encode(item)}\n`
}

/** Each item is one event, whose data are JSON. */
function eventEncoder(schema: z.ZodType): EncodeItem {
  const encode = jsonEncoder(schema)
  return (item) => {
    // Each part is checked here.
    const { id, event, data, retryMs } = Object(item) as Record<string, unknown>
    const retry = retryMs === undefined ? '' : `retry: ${checkRetry(retryMs)}\n`
    return `${lineOf('id', id)}${lineOf('event', event)}${retry}data: ${encode(data)}\n\n`
  }
}

function lineOf(name: string, value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string' && !/[\n\r\0]/.test(value)) return `${name}: ${value}\n`
  throw new Error(`the ${name} of an event must be a text without line breaks`)
}

function checkRetry(retryMs: unknown): number {
  if (Number.isInteger(retryMs) && Number(retryMs) >= 0) return Number(retryMs)
  throw new Error('the retryMs of an event must be whole and at least 0')
}

function jsonEncoder(schema: z.ZodType): (item: unknown) => string {
  const output = toOutput(schema)
  return (item) => {
    const parsed = output.safeParse(item)
    if (!parsed.success) throw new Error('an item of the reply breaks its contract', { cause: parsed.error })
    const text = JSON.stringify(parsed.data)
    const issue = findUnsafeText(text, 'item')
    if (issue) throw new Error(`an item of the reply breaks its contract: ${issue.path}: ${issue.message}`)
    if (containsSecret(text)) throw secretInItem()
    return text
  }
}

const secretInItem = () =>
  new Error('an item of the reply holds the value of a secret, which must not leave the function')
