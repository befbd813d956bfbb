import { type BodyStream, isOneOf, mediaTypeOf, Problem } from '../../../contract/index.ts'
import { unsupportedType } from '../../middleware/receive-stream.ts'
import { bodyTooLarge } from '../../request-problems.ts'
import { openBodyStream } from '../../streams/body-stream.ts'
import type { GatewayContext } from '../context.ts'
import type { GatewayLimits } from '../dependencies.ts'

interface TakeOptions extends Pick<GatewayLimits, 'minBodyRate'> {
  /** Whether its type and coding are nobody's business here. */
  readonly passesAll: boolean
}

/**
 * Opens a body that the function gets as it arrives. Nothing of it is read, nor asked for by `100 Continue`, before the
 * function takes it; where it turns out to be too large or too slow, or breaks off, the call ends.
 */
export function takeStream(
  context: GatewayContext,
  { types, maxBytes, maxMs }: BodyStream,
  { minBodyRate, passesAll }: TakeOptions,
): Problem | undefined {
  const { request, response, headers } = context
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return bodyTooLarge(maxBytes)
  if (!passesAll && !isOneOf(types, mediaTypeOf(headers['content-type']?.[0]))) return unsupportedType(types)
  const coding = headers['content-encoding']?.join() ?? 'identity'
  if (!passesAll && coding.toLowerCase() !== 'identity') return UNSUPPORTED_CODING
  const onStart = () => void (headers.expect && response.writeContinue())
  const body = openBodyStream(request, { ...{ maxBytes, maxMs, onStart }, minRate: minBodyRate })
  body.on('error', (error) => void (error instanceof Problem && context.abort(error)))
  response.once('close', () => body.destroy())
  context.bodyStream = body
  context.bodyReceivedAt = performance.now()
  return undefined
}

const UNSUPPORTED_CODING = new Problem(
  'unsupported_media_type',
  415,
  'Send the body without a Content-Encoding.',
  // RFC 9110, 12.5.3: so the caller knows that it is the coding, not the type.
  { headers: { 'accept-encoding': 'identity' } },
)
