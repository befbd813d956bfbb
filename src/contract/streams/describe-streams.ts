import { MAX_ITEM_BYTES, MAX_STREAM_MS } from '../defaults.ts'
import type { Reply } from '../reply.ts'
import { type Body, streamedBodyOf } from './body-kind.ts'
import type { BodyStream, DescribedReplyStream } from './longest-ms.ts'

/** For the boundaries and the headers of a form's parts. */
const FORM_OVERHEAD_BYTES = 64 * 1024
/** For all texts of a form. */
export const MAX_FIELDS_BYTES = 256 * 1024

/** The streamed body of a contract, with its defaults; undefined where it has none. */
export function describeBodyStream(contract: { readonly body?: Body | undefined }): BodyStream | undefined {
  const body = streamedBodyOf(contract)
  if (!body) return undefined
  if (body.kind === 'stream') {
    const { type, maxBytes, maxMs = MAX_STREAM_MS, item, maxItemBytes = MAX_ITEM_BYTES } = body
    return { types: [type].flat(), maxBytes, maxMs, ...(item ? { maxItemBytes } : {}) }
  }
  const files = Object.values(body.files ?? {}).reduce((sum, { maxBytes }) => sum + maxBytes, 0)
  const maxBytes = files + MAX_FIELDS_BYTES + FORM_OVERHEAD_BYTES
  return { types: ['multipart/form-data'], maxBytes, maxMs: MAX_STREAM_MS, form: true }
}

/** The streamed reply of a contract, with its defaults; undefined where it has none. */
export const describeReplyStream = ({ stream }: Reply): DescribedReplyStream | undefined =>
  stream && { type: stream.type, maxMs: stream.maxMs ?? MAX_STREAM_MS }
