import { Problem } from '../../../contract/index.ts'
import type { StoredHeaders } from '../../../kernel/index.ts'
import type { BodyAccount } from '../steps/take-body.ts'
import type { ResponseHeaders, ResponseSink } from '../upstream/upstream-request.ts'

/** What a tool's result may have, which a client holds whole, and a model reads. */
export const MAX_RESULT_BYTES = 2 * 1024 * 1024

/** A response that was collected. */
export interface CollectedResponse {
  readonly status: number
  readonly headers: ResponseHeaders | StoredHeaders
  readonly body: Uint8Array
}

/** How often a response is in memory until its result is sent: as bytes, as text, and within the result. */
const COPIES = 3

interface CollectorOptions {
  /** Ends the call. */
  readonly abort: (reason: Problem) => void
  /** Of the memory for what is not sent yet. */
  readonly account: Pick<BodyAccount, 'reserve'>
}

/** Takes a response in, up to MAX_RESULT_BYTES and while there is memory; beyond that the call is ended. */
export function createCollector({ abort, account }: CollectorOptions): {
  readonly sink: ResponseSink
  /** The response, or why there is none; undefined where nothing came. */
  readonly collected: () => CollectedResponse | Problem | undefined
} {
  let head: Pick<CollectedResponse, 'status' | 'headers'> | undefined
  let failure: Problem | undefined
  const chunks: Uint8Array[] = []
  let bytes = 0
  const giveUp = (reason: Problem) => {
    if (failure) return
    failure = reason
    abort(reason)
  }
  const sink: ResponseSink = {
    onDrain: undefined,
    start: (status, headers) => {
      head = { status, headers }
    },
    write: (chunk) => {
      bytes += chunk.length
      if (bytes > MAX_RESULT_BYTES) giveUp(TOO_LARGE)
      else
        try {
          account.reserve(chunk.length * COPIES)
          chunks.push(chunk)
        } catch (error) {
          giveUp(error instanceof Problem ? error : new Problem('internal', 500, 'Something went wrong on our side.'))
        }
      return true
    },
    end: () => {},
    fail: (cause) => {
      failure = new Problem('bad_gateway', 502, 'The connection to the function failed while it responded.', { cause })
    },
  }
  return { sink, collected: () => failure ?? (head && { ...head, body: Buffer.concat(chunks) }) }
}

const TOO_LARGE = new Problem(
  'bad_gateway',
  502,
  `The reply has more than ${MAX_RESULT_BYTES} bytes, too many for a tool's result; ask for less of it, or call the endpoint by HTTP.`,
)
