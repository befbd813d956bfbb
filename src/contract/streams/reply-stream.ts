import type * as z from 'zod'

/**
 * A reply that is sent as it is made: bytes of any media type, or checked items as lines of JSON (`application/x-ndjson`)
 * or as events (`text/event-stream`).
 * @example const rows: ReplyStream = { type: 'application/x-ndjson', item: z.object({ sku: z.string() }) }
 */
export interface ReplyStream {
  /** The media type, such as `text/csv`, `application/pdf`, `application/x-ndjson` or `text/event-stream`. */
  readonly type: string
  /** The schema of each line of NDJSON, or of each event's `data`. Other types have none. */
  readonly item?: z.ZodType
  /** The longest that the whole reply may take, in milliseconds (default: 5 min, at most 1 h). Events end then, and clients come back. */
  readonly maxMs?: number
}

/**
 * One event of a `text/event-stream`, as a handler yields it and a client reads it.
 * @example const event: ServerSentEvent<{ celsius: number }> = { id: '7', data: { celsius: 21 } }
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export interface ServerSentEvent<Data> {
  /** What a client that comes back says it has seen (`Last-Event-ID`); it has no line breaks. */
  readonly id?: string | undefined
  /** The name by which clients listen to it (default: `message`). */
  readonly event?: string | undefined
  /** Its content; it is sent as JSON. */
  readonly data: Data
  /** How long clients are to wait before they come back, in milliseconds. */
  readonly retryMs?: number | undefined
}

/** The media types whose items are checked one by one. */
export const NDJSON = 'application/x-ndjson'
export const EVENT_STREAM = 'text/event-stream'
