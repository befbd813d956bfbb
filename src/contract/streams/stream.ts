import type { Readable } from 'node:stream'
import type * as z from 'zod'

/**
 * A body that is passed on as it arrives, as `stream()` takes it.
 * @example const options: StreamOptions = { type: ['image/png', 'image/jpeg'], maxBytes: 20_000_000 }
 */
export interface StreamOptions {
  /** The media types that it may have, such as `text/csv`, `image/*` or `application/octet-stream`; others are a 415. */
  readonly type: string | readonly string[]
  /** The most bytes, up to 1 TiB: beyond it the caller gets a 413, and the handler's read fails. */
  readonly maxBytes: number
  /** The longest that the whole request may take, in milliseconds (default: 5 min, at most 1 h). */
  readonly maxMs?: number
  /** The schema of each line of NDJSON (`application/x-ndjson`): the handler gets items in place of bytes. Other types have none. */
  readonly item?: z.ZodType
  /** The longest line, in bytes (default: 64 KiB, at most 1 MiB); for what has an `item`. */
  readonly maxItemBytes?: number
}

/**
 * A streamed body, as `stream()` returns it.
 * @example const limitOf = ({ maxBytes }: StreamBody) => maxBytes
 */
export type StreamBody<O extends StreamOptions = StreamOptions> = O & {
  /** Tells it from a schema and a form. */
  readonly kind: 'stream'
}

/**
 * What a handler gets of a streamed body: a Readable of Node, to be read by `for await` or `pipeline`. It fails with a
 * Problem where the body breaks off, is too large or too slow: let that end the handler.
 * @example
 * const countBytes = async (body: StreamedBody) => {
 *   let bytes = 0
 *   for await (const chunk of body) bytes += chunk.length
 *   return { bytes, type: body.type }
 * }
 */
export interface StreamedBody extends Readable {
  /** Its media type, as the caller sent it, in lower case and without parameters. */
  readonly type: string
  /** How many bytes the caller has announced; undefined where it did not say. */
  readonly announcedBytes: number | undefined
  /** Reads it in chunks, no faster than they are taken. */
  [Symbol.asyncIterator](): NodeJS.AsyncIterator<Buffer>
}

/**
 * What a handler gets of a streamed body whose lines have a schema: each item decoded and validated when it is asked for, once, in
 * order. It throws a Problem at the first line that does not fit (400, with the line's number), and where the body breaks off, is
 * too large or too slow: let that end the handler.
 * @example
 * const sum = async (body: StreamedItems<{ celsius: number }>) => {
 *   let [celsius, items] = [0, 0]
 *   for await (const item of body) [celsius, items] = [celsius + item.celsius, items + 1]
 *   return { celsius, items }
 * }
 */
export interface StreamedItems<Item> extends AsyncIterable<Item> {
  /** Its media type, in lower case and without parameters. */
  readonly type: string
  /** How many bytes the caller has announced; undefined where it did not say. */
  readonly announcedBytes: number | undefined
}

/**
 * Declares a body that is neither read as a whole nor parsed: it reaches the handler as it arrives, no faster than that reads.
 * With it, `timeoutMs` is the longest that may pass without a byte being taken.
 * @example
 * const importProducts = endpoint({
 *   ...{ name: 'import-products', summary: 'Import products.', method: 'POST', path: '/v1/products/import' },
 *   body: stream({ type: 'text/csv', maxBytes: 50_000_000 }),
 *   reply: { status: 200, body: z.object({ rows: z.int() }) },
 *   access: { scopes: ['products:write'] },
 * })
 * @see docs/guide/28-streams.md
 */
export const stream = <const O extends StreamOptions>(options: O): StreamBody<O> =>
  Object.freeze({ ...options, kind: 'stream' as const })
