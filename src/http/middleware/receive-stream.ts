import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import {
  type BodyStream,
  type EndpointContract,
  isOneOf,
  itemSchemaOf,
  longestMs,
  mediaTypeOf,
  Problem,
  type Route,
} from '../../contract/index.ts'
import type { Step } from '../context.ts'
import { drainRequest } from '../drain-request.ts'
import { bodyTooLarge } from '../request-problems.ts'
import { openBodyStream } from '../streams/body-stream.ts'
import { createItemReader, toStreamedItems } from '../streams/read-items.ts'

/** Gives the handler the body as a stream. Each chunk that it takes gives it the time of the contract anew. */
export function receiveStream(
  contract: EndpointContract,
  route: Route,
  { types, maxBytes, maxItemBytes }: BodyStream,
): Step {
  const maxMs = longestMs(route)
  const item = itemSchemaOf(contract)
  const readItems = item && maxItemBytes !== undefined ? createItemReader({ item, maxItemBytes }) : undefined
  return function receiveStream(request, response) {
    const { headers } = request
    const type = mediaTypeOf(headers['content-type'])
    if (!isOneOf(types, type)) throw unsupportedType(types)
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') throw UNSUPPORTED_CODING
    const announcedBytes = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
    if (announcedBytes !== undefined && announcedBytes > maxBytes) throw bodyTooLarge(maxBytes)
    const { deadline } = response.locals
    // What is left of a body that a handler does not read to its end must not be taken for the next request.
    response.shouldKeepAlive = false
    const body = openBodyStream(request, { maxBytes, maxMs, onChunk: () => deadline.progress() })
    body.once('end', () => {
      response.shouldKeepAlive = true
    })
    // Where nobody listens any more, such as a handler that has returned, it would end the process.
    body.on('error', () => {})
    response.once('close', () => body.destroy())
    endAfterRest(request, response, body)
    const about = { type, announcedBytes }
    const given = readItems ? toStreamedItems(body, readItems, about) : Object.assign(body, about)
    response.locals.input = { ...Object(response.locals.input), body: given }
  }
}

/** How long the rest of a body is read of which the handler did not want more. */
const LINGER_MS = 1_000

/** Has a response be sent whole before its connection is closed: closed at once, it might be lost to what is still being sent. */
function endAfterRest(request: IncomingMessage, response: ServerResponse, body: Readable) {
  const end = response.end
  // Express passes the last chunk and its encoding.
  response.end = ((chunk?: unknown, encoding?: unknown) => {
    response.end = end
    if (request.complete || request.destroyed) return end.call(response, chunk, encoding as BufferEncoding)
    if (chunk instanceof Uint8Array || typeof chunk === 'string') response.write(chunk, encoding as BufferEncoding)
    else response.flushHeaders()
    body.destroy()
    void drainRequest(request, LINGER_MS).then(() => response.end())
    return response
  }) as typeof response.end
}

/** The response to a body of another media type than the contract's. */
export const unsupportedType = (types: readonly string[]): Problem =>
  new Problem('unsupported_media_type', 415, `Send the body as ${types.join(' or ')}.`)

const UNSUPPORTED_CODING = new Problem('unsupported_media_type', 415, 'Send the body without Content-Encoding.')
